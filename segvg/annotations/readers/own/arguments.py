"""The options of ``prepare_data.py`` for formats of own data."""
import argparse
from pathlib import Path
from typing import Any

from segvg.annotations.readers.own.names import split_named

OPTIONS = ('columns', 'text_field', 'split', 'sentences', 'encoding', 'join_texts')


def add_own_arguments(parser: argparse.ArgumentParser,
                      formats: tuple[str, ...]) -> None:
    """Add the options."""
    group = parser.add_argument_group(
        f'own data ({", ".join(formats)})', 'see docs/own_data.md')
    group.add_argument('--columns', metavar='KEY=NAME', nargs='+', type=_pair,
                       help='what columns are called, such as image=file x1=left')
    group.add_argument('--text-field', metavar='NAME', help='the column or field that '
                       'holds the sentence')
    group.add_argument('--split', metavar='SPLIT', type=_split, help='of all records: '
                       'train, val, test, ... (default: what a column, or the name of '
                       'a file or folder says, else train)')
    group.add_argument('--sentences', metavar='FILE', type=Path, help='table of '
                       'sentences, with the id of the annotation that each is about '
                       '(coco)')
    group.add_argument('--encoding', metavar='NAME', help='of text files that are not '
                       'UTF-8, such as cp1252 or gbk')
    group.add_argument('--join-texts', action='store_true', default=None,
                       help='equal sentences of an image are one sentence that means '
                       'all their objects (always so in yolo and voc)')


def own_options(args: argparse.Namespace, formats: tuple[str, ...]) -> dict[str, Any]:
    """The options that were given, for ``ReadOptions``.

    Raises:
        ValueError: one was given with a format that does not have it.
    """
    given = {name: getattr(args, name) for name in OPTIONS
             if getattr(args, name) is not None}
    for name in given:
        if args.format not in (('coco',) if name == 'sentences' else formats):
            raise ValueError(f'--{name.replace("_", "-")} is not for {args.format}')
    if 'columns' in given:
        given['columns'] = dict(given['columns'])
    return given


def _pair(text: str) -> tuple[str, str]:
    key, mark, name = text.partition('=')
    if not (key and mark and name):
        raise argparse.ArgumentTypeError(f'expected KEY=NAME, got {text!r}')
    return key, name


def _split(text: str) -> str:
    split = split_named(text)
    if split is None:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a split: train, val, test, testA, ...')
    return split
