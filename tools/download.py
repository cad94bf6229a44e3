"""Fetch published models by name, convert them and write their configs beside them.

python tools/download.py instancevg-b-refcoco
python tools/infer.py street.jpg --text 'left man' --model instancevg-b-refcoco \\
    --out-dir found
"""
import argparse
import sys
from pathlib import Path

import segvg.utils.exits  # noqa: F401  first: it tells interrupts
from segvg.hub.fetch import LARGEST, way_of
from segvg.hub.metafiles import PublishedModel, find_model, read_models
from segvg.hub.published import install, installed_path, model_home
from segvg.utils.errors import InputError
from segvg.utils.exits import one_line_errors
from segvg.utils.text_table import text_table

WAYS = {'hub': 'Hugging Face hub', 'drive': 'Google Drive', 'https': 'https',
        'by hand': 'by hand'}


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('names', nargs='*', metavar='NAME', help='models to fetch')
    parser.add_argument('--list', action='store_true',
                        help='list all models and exit')
    parser.add_argument('--out', metavar='DIR', type=Path,
                        help='put the folder of each model here (default: '
                        'models in $SEGVG_HOME, or in ~/.cache/segvg)')
    parser.add_argument('--keep-source', action='store_true',
                        help='keep the published file as well')
    parser.add_argument('--max-gigabytes', type=float, default=LARGEST / 1e9,
                        metavar='GB', help='refuse larger files (default: %(default)s)')
    args = parser.parse_args()
    if not args.names and not args.list:
        parser.error('name a model; --list shows them all')
    return args


def list_models(home: Path) -> None:
    """Print a table of all published models."""
    rows = [('name', 'method', 'trained on', 'licence', 'fetched from', 'here')]
    for model in read_models().values():
        rows.append((model.name, model.method, ', '.join(model.data), model.license,
                     WAYS[way_of(model.weights, model.file)],
                     'yes' if installed_path(model, home).is_file() else '-'))
    print(text_table(rows))


def fetch_all(models: list[PublishedModel], home: Path, args: argparse.Namespace
              ) -> list[str]:
    """Fetch models one after the other; return a message for each that failed."""
    failed = []
    for model in models:
        print(f'{model.name}: {model.method}, licence {model.license}, {model.paper}')
        try:
            path = install(model, home, limit=int(args.max_gigabytes * 1e9),
                           keep_source=args.keep_source)
        except InputError as error:
            failed.append(str(error))
            continue
        print(f'{path} is ready, with its config {path.with_suffix(".py").name}')
        if model.words:
            print('its vocabulary is missing: make it with tools/build_vocab.py '
                  f'--published from {model.words}; infer.py names the path for it')
    return failed


@one_line_errors
def main() -> None:
    """List or fetch."""
    args = parse_args()
    home = args.out or model_home()
    if args.list:
        list_models(home)
        return
    failed = fetch_all([find_model(name) for name in args.names], home, args)
    if failed:
        sys.exit('\n'.join(f'error: {message}' for message in failed))


if __name__ == '__main__':
    main()
