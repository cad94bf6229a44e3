"""What foundation models say they were trained on, and what follows for a score.

Their training images cannot be compared with an evaluation; their authors name the
sets. ``declared_training.yml`` has these, with sources.
"""
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from segvg.leakage.compare import Verdict, read_protected
from segvg.utils.configs import find_dicts
from segvg.utils.safe_yaml import read_yaml

FILE = Path(__file__).with_name('declared_training.yml')
#: What a training set has of a collection of images -> the verdict.
HOLDS = dict(none=Verdict.CLEAN, held=Verdict.LEAKED, unknown=Verdict.UNKNOWN)
#: Images that this package draws: no published model has seen them.
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

    Images of a data set of its own are one by its name.
    """
    keys = {key for path in paths for split in read_protected(path)
            for key in split.keys}
    return {key.partition(':')[0] if ':' in key else key.partition('/')[0]
            for key in keys}


def declared_verdict(names: Sequence[str],
                     paths: Sequence[Path]) -> tuple[str, list[str]]:
    """Return the word for a score of published models, and the reasons.

    Args:
        names: of the models, as on the hub.
        paths: annotation files that are scored.

    Returns:
        ``clean``, ``leaked`` or ``unknown``, and reasons when it is not ``clean``.
    """
    collections = sorted(collections_of(paths))
    found = [item for name in names for item in _verdicts(name, collections)]
    worst = max(verdict for verdict, _ in found)
    return worst.word, list(dict.fromkeys(
        reason for verdict, reason in found
        if verdict is worst and verdict is not Verdict.CLEAN))


def _verdicts(name: str,
              collections: Sequence[str]) -> Iterator[tuple[Verdict, str]]:
    """Yield a verdict for each training set of a model and each collection."""
    content = read_declarations()
    model = content['models'].get(name)
    for collection in collections:
        if collection == OWN_IMAGES:
            yield Verdict.CLEAN, ''
        elif model is None:
            yield Verdict.UNKNOWN, f'{name}: not in {FILE.name}'
        else:
            for key in model['sets']:
                told = content['sets'][key]
                holds = told.get(collection, 'unknown')
                yield HOLDS[holds], (
                    f'{name}, as declared ({model["source"]}): trained on '
                    f'{told["title"]}; images of {collection}: {holds}')
