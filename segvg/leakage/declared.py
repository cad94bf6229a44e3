"""Leakage verdicts for foundation models, from the training sets that authors declare.

The training images of these models are not available for a comparison with those of
an evaluation. ``declared_training.yml`` lists the declared sets with sources.
"""
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from segvg.annotations.image_identity import COLLECTIONS
from segvg.leakage.compare import Verdict, read_protected, worst_of
from segvg.utils.configs import find_dicts
from segvg.utils.safe_yaml import read_yaml

FILE = Path(__file__).with_name('declared_training.yml')
#: Whether a training set holds images of a collection -> the verdict.
HOLDS = dict(none=Verdict.CLEAN, held=Verdict.LEAKED, unknown=Verdict.UNKNOWN)
#: Collection of the images that SynthRef draws: no published model has seen them.
OWN_IMAGES = 'synth'


def read_declarations() -> dict[str, Any]:
    """Return the content of the file: ``sets`` and ``models``."""
    return read_yaml(FILE.read_text('utf-8'))


def published_names(model: dict) -> list[str]:
    """Return the names of all published models in the config of a grounder."""
    names = [part['name'] for part in find_dicts(model, 'name') if 'type' in part]
    return list(dict.fromkeys(names))


def collections_of(paths: Iterable[Path]) -> set[str]:
    """Return the collections to which the images of evaluations belong.

    Images of no known collection are grouped by the name of their data set.
    """
    return {_collection_of(key) for path in paths for split in read_protected(path)
            for key in split.keys}


def _collection_of(key: str) -> str:
    """Return the collection of an image; a data set cannot take the name of one."""
    space, _, number = key.partition(':')
    if space in COLLECTIONS and number.isdecimal():
        return space
    name, slash, _ = space.partition('/')
    return f'the data set {name}' if name and slash else 'a data set without a name'


def declared_verdict(names: Sequence[str],
                     paths: Sequence[Path]) -> tuple[str, list[str]]:
    """Return the verdict on a score of published models, and the reasons for it.

    Args:
        names: of the models, as on the hub.
        paths: annotation files of the evaluation.

    Returns:
        ``clean``, ``leaked`` or ``unknown``, and the reasons unless it is ``clean``.
    """
    declarations, collections = read_declarations(), sorted(collections_of(paths))
    verdict, reasons = worst_of(item for name in names for item in _verdicts(
        name, collections, declarations))
    return verdict.word, reasons


def _verdicts(name: str, collections: Sequence[str],
              declarations: dict[str, Any]) -> Iterator[tuple[Verdict, str]]:
    """Yield a verdict for each training set of a model and each collection."""
    model = declarations['models'].get(name)
    for collection in collections:
        if collection == OWN_IMAGES:
            yield Verdict.CLEAN, ''
        elif model is None:
            yield Verdict.UNKNOWN, f'{name}: not in {FILE.name}'
        else:
            for key in model['sets']:
                training_set = declarations['sets'][key]
                holds = training_set.get(collection, 'unknown')
                yield HOLDS[holds], (
                    f'{name}, as declared ({model["source"]}): trained on '
                    f'{training_set["title"]}; images of {collection}: {holds}')
