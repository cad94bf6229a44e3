"""Print a config as it is after inheritance and options, nothing hidden."""
import argparse

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.engine.launch import add_config_options, fail, load_config
from segvg.utils.exits import one_line_errors


@one_line_errors
def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--save-path', metavar='FILE.py',
                        help='also write it to this file')
    add_overwrite(parser)
    add_config_options(parser)
    args = parser.parse_args()
    check_outputs([args.save_path], [args.config], overwrite=args.overwrite)
    try:
        cfg = load_config(args)
    except (FileNotFoundError, ValueError) as error:
        fail(error)
    print(cfg.pretty_text)
    if args.save_path:
        cfg.dump(args.save_path)


if __name__ == '__main__':
    main()
