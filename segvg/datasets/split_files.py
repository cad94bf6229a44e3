"""Which split files of a data set a split name asks for."""
from pathlib import Path

from mmengine.config import ConfigDict


def selects(wanted: str, split: str) -> bool:
    """Whether a wanted split takes in another, by the rule of the REFER interface.

    ``test`` takes every split with "test" in its name, ``testA`` every test split with
    an A: ``testAB`` counts for ``testA`` and for ``testB``.
    """
    if wanted == 'test':
        return 'test' in split
    if wanted.startswith('test') and split.startswith('test'):
        return set(wanted[4:]) <= set(split[4:])
    return wanted == split


def split_files(ann_file: Path, wanted: str) -> list[Path]:
    """The files beside ``<name>_<split>.jsonl`` that hold a wanted split.

    Without any, the one that should be there.
    """
    name = ann_file.name.removesuffix('.jsonl').rpartition('_')[0]
    splits = {path: path.name.removesuffix('.jsonl')[len(name) + 1:]
              for path in sorted(ann_file.parent.glob(f'{name}_*.jsonl'))}
    found = [path for path, split in splits.items()
             if selects(wanted, split) and '_' not in split]  # else of another name
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
