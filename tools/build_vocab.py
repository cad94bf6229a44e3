"""Make the vocabulary of a data set, and the vectors of its words.

Without --glove, --spacy or --published only the words are written: the language encoder
then learns their vectors (model.language_encoder.freeze_words=False, no init_cfg).
With --wordpiece they are a vocabulary for models that read as BERT does and are trained
from random weights, such as the tiny ones.
"""
import argparse
from pathlib import Path
from typing import Iterator, Optional

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import whole_file


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'annotations', nargs='*', help='canonical files whose expressions give the '
        'words, in this order; the published vocabularies are of all splits')
    parser.add_argument('--out', required=True, metavar='PATH',
                        help='PATH.txt and PATH.npz are written')
    source = parser.add_mutually_exclusive_group()
    source.add_argument('--glove', metavar='FILE', help='word vectors as GloVe text')
    source.add_argument('--spacy', metavar='MODEL',
                        help='installed spaCy model with vectors (en_vectors_web_lg '
                        'is the published one)')
    source.add_argument('--published', metavar='DIR',
                        help='folder with token_to_ix.pkl and word_emb.npz instead of '
                        'annotations')
    source.add_argument('--wordpiece', action='store_true',
                        help='write whole words, with the marks of a WordPiece '
                        'vocabulary')
    add_overwrite(parser)
    args = parser.parse_args()
    if bool(args.annotations) == bool(args.published):
        parser.error('give either annotation files or --published')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import numpy as np

from segvg.annotations.canonical import CanonicalFile
from segvg.datasets.vocabulary import (
    build_vocabulary,
    build_wordpiece_vocabulary,
    read_glove,
    read_spacy,
    read_vocabulary,
    write_vocabulary,
)
from segvg.utils.arrays import read_arrays


def expressions(paths: list[str]) -> Iterator[str]:
    """Yield the expressions of canonical files."""
    for path in paths:
        lines = CanonicalFile(path)
        for number in range(len(lines)):
            for expression in lines[number]['exprs']:
                yield expression['text']


def read_published(folder: Path) -> tuple[dict[str, int], np.ndarray]:
    """Return vocabulary and vectors of a published data folder, read safely.

    Raises:
        ValueError: the two do not belong together.
    """
    ids = read_vocabulary(folder / 'token_to_ix.pkl')
    vectors = read_arrays(folder / 'word_emb.npz')['word_emb']
    if len(vectors) != len(ids):
        raise ValueError(f'{folder}: {len(ids)} words, but {len(vectors)} vectors')
    return ids, vectors


def collect(args: argparse.Namespace) -> tuple[dict[str, int], Optional[np.ndarray]]:
    """Return the vocabulary, and the vectors if they are wanted."""
    if args.published:
        return read_published(Path(args.published))
    for path in args.annotations:
        if not Path(path).is_file():
            raise FileNotFoundError(f'annotation file {path} does not exist')
    build = build_wordpiece_vocabulary if args.wordpiece else build_vocabulary
    ids = build(expressions(args.annotations))
    if args.glove:
        return ids, read_glove(args.glove, ids)
    return ids, read_spacy(args.spacy, ids) if args.spacy else None


@one_line_errors
def main() -> None:
    """Build."""
    args = parse_args()
    try:
        ids, vectors = collect(args)
        inputs = [Path(path) for path in args.annotations]
        if args.published:
            inputs += Path(args.published).iterdir()
        check_outputs([f'{args.out}.txt', f'{args.out}.npz'], inputs,
                      overwrite=args.overwrite)
    except (OSError, ValueError, KeyError) as error:
        fail(error)
    write_vocabulary(f'{args.out}.txt', ids)
    print(f'{len(ids)} words: {args.out}.txt')
    if vectors is not None:
        with whole_file(f'{args.out}.npz') as stream:
            np.savez(stream, word_emb=vectors.astype(np.float32))
        known = int(np.any(vectors, axis=1).sum())
        print(f'{known} of them with a vector of {vectors.shape[1]}: {args.out}.npz')
    size = 'config.vocab_size' if args.wordpiece else 'vocab_size'
    print(f'model.language_encoder.{size} has to be at least {len(ids)}')


if __name__ == '__main__':
    main()
