"""Read a config, walk through it and find its parts."""
import json
import re
import sys
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence, Union

from mmengine.config import Config, ConfigDict

from segvg.utils import yaml_handler  # noqa: F401  mmengine's reader is replaced
from segvg.utils.config_paths import missing_key, resolve_options
from segvg.utils.config_values import load_with_values, values_of
from segvg.utils.layout import find_config

USUAL_SPLIT = re.compile('(train|val|dev|test|mini|all)[A-Za-z0-9]*')


def find_dicts(node: Any, key: str) -> Iterator[dict]:
    """Yield every dict at or below ``node`` that has ``key``, parents first."""
    if isinstance(node, dict):
        if key in node:
            yield node
        for value in node.values():
            yield from find_dicts(value, key)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from find_dicts(value, key)


def drop_init(model: dict) -> None:
    """Take every ``init_cfg`` out of a model config: no public weights are read."""
    for part in find_dicts(model, 'init_cfg'):
        part.pop('init_cfg')


def find_pipeline(cfg: Config, loader: str = 'test_dataloader') -> list[dict]:
    """Return the pipeline of a loader, below whatever wraps its data set.

    Raises:
        ValueError: the loader has none.
    """
    for dataset in find_dicts(cfg.get(loader) or {}, 'pipeline'):
        return dataset['pipeline']
    raise ValueError(f'{cfg.filename} has no pipeline in its {loader}, which prepares '
                     'images and expressions')


def without_transforms(pipeline: Sequence[dict], names: Sequence[str]) -> list[dict]:
    """Return a pipeline config without the named transforms, of whatever scope."""
    return [step for step in pipeline if step['type'].split('.')[-1] not in names]


def metric_configs(evaluator: Any) -> list[dict]:
    """Return the configs of metrics in an evaluator's config: one, a list, or None."""
    return [evaluator] if isinstance(evaluator, dict) else list(evaluator or ())


def ann_path(dataset: dict) -> Path:
    """Return the path of the annotation file of a data set config."""
    return Path(dataset.get('data_root') or '') / dataset['ann_file']


def image_folder(dataset: dict) -> Path:
    """Return the folder of the images of a data set config."""
    prefix = (dataset.get('data_prefix') or {}).get('img') or ''
    return Path(dataset.get('data_root') or '') / prefix


def ann_files(cfg: Config, loader: str) -> list[Path]:
    """Return the annotation files of a loader, each once."""
    found = find_dicts(cfg.get(loader) or {}, 'ann_file')
    return list(dict.fromkeys(ann_path(dataset) for dataset in found))


def selects(wanted: str, split: str) -> bool:
    """Return whether a wanted split takes in another, by the rule of REFER.

    ``test`` takes every split with "test" in its name, ``testA`` every test split with
    an A: ``testAB`` counts for ``testA`` and for ``testB``.
    """
    if wanted == 'test':
        return 'test' in split
    if wanted.startswith('test') and split.startswith('test'):
        return set(wanted[4:]) <= set(split[4:])
    return wanted == split


def sibling_splits(ann_file: Path) -> dict[Path, str]:
    """Return the files ``<name>_<split>.jsonl`` beside one of them, and their splits.

    The splits are those that ``<name>.meta.json`` lists. Without it they are the files
    whose names end in that of a usual split; a further file changes nothing. The file
    itself is always one of them.
    """
    name = ann_file.name.removesuffix('.jsonl').rpartition('_')[0]
    splits = {path: path.name.removesuffix('.jsonl')[len(name) + 1:]
              for path in sorted(ann_file.parent.glob(f'{name}_*.jsonl'))}
    listed = _listed_splits(ann_file.with_name(f'{name}.meta.json'))
    return {path: split for path, split in splits.items() if path == ann_file or (
        USUAL_SPLIT.fullmatch(split) if listed is None else split in listed)}


def _listed_splits(meta: Path) -> Optional[set[str]]:
    """Return the splits that a meta file lists; None when there is none to read."""
    try:
        splits = json.loads(meta.read_bytes())['splits']
        return set(splits)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def split_files(ann_file: Path, wanted: str) -> list[Path]:
    """Return the files beside ``<name>_<split>.jsonl`` that hold a wanted split.

    Without any, the one that should be there.
    """
    found = [path for path, split in sibling_splits(ann_file).items()
             if selects(wanted, split)]
    name = ann_file.name.removesuffix('.jsonl').rpartition('_')[0]
    return found or [ann_file.with_name(f'{name}_{wanted}.jsonl')]


def choose_split(loader: ConfigDict, split: str) -> None:
    """Replace the split of a loader's data set; ``test`` may be several files."""
    dataset = loader.dataset
    root = Path(dataset.get('data_root') or '')
    files = [str(path.relative_to(root)) for path in split_files(
        root / dataset.ann_file, split)]
    dataset.ann_file = files[0]
    if len(files) > 1:
        loader.dataset = dict(type='ConcatDataset', datasets=[
            dict(dataset, ann_file=file) for file in files])


def check_program(path: Path, kind: str) -> None:
    """Refuse what is not a Python file: configs and plans are run like any program.

    They are the only files that are. Those of other forms are not read, since what
    looks like data could name a program as its base.

    Args:
        path: the file.
        kind: ``config`` or ``plan``, for the message.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: it is not a Python file.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{kind} {path} does not exist')
    if path.suffix != '.py':
        raise ValueError(f'{kind} {path} is not a Python file (.py); configs and plans '
                         'of other forms are not read')


def load(path: Union[str, Path], options: Optional[dict[str, Any]] = None) -> Config:
    """Read a config and change it by options, as the tools do.

    Differences to ``Config.fromfile`` and ``merge_from_dict``:

    - A value that a base file names at its head (``canvas = 640``) and that is changed
      by the config or an option is changed wherever it is used.
    - A path may name a part of a list by its type: ``...pipeline.PlaceOnCanvas.size``.
    - A key that the config lacks is added, as mmengine does, and warned of: it may be
      misspelt.
    - ``segvg::METHOD/NAME.py`` is a config of the package, from a clone as well, here
      and in ``_base_``.

    Args:
        path: the config file.
        options: path -> value.

    Raises:
        FileNotFoundError: the config does not exist.
        ValueError: it cannot be read, a path names a part that does not exist, or a
            value is of a wrong type.
    """
    path, options = find_config(path), dict(options or {})
    check_program(path, 'config')
    try:
        known = values_of(path) if options else {}
        cfg = load_with_values(
            path, {name: options.pop(name) for name in known if name in options})
    except (FileNotFoundError, ValueError):
        raise
    except Exception as error:  # of a program that is not ours
        raise ValueError(f'config {path} cannot be read: {type(error).__name__}: '
                         f'{" ".join(str(error).split())[:300]}') from error
    for key in options:
        missing, close = missing_key(cfg, key)
        if missing:
            hint = f'; did you mean {close}?' if close else ''
            print(f'warning: the config has no key {key!r}, it is added{hint}',
                  file=sys.stderr)
    cfg.merge_from_dict(resolve_options(cfg, options))
    return cfg
