"""Print a config as it is after inheritance and options, nothing hidden."""
import argparse

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_config_options, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--save-path', metavar='FILE.py',
                        help='also write it to this file')
    add_overwrite(parser)
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.engine.launch import load_config


@one_line_errors
def main() -> None:
    """Print."""
    args = parse_args()
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
