"""Print a config as it is after inheritance and options, nothing hidden."""
import argparse

from mmengine.config import DictAction

from segvg.engine.launch import fail, load_config


def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--save-path', help='also write it to this file (.py)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={},
                        metavar='KEY=VALUE', help='settings that replace those of the '
                        'config')
    parser.set_defaults(launcher='none', work_dir=None, local_rank=0)
    args = parser.parse_args()
    try:
        cfg = load_config(args)
    except FileNotFoundError as error:
        fail(error)
    print(cfg.pretty_text)
    if args.save_path:
        cfg.dump(args.save_path)


if __name__ == '__main__':
    main()
