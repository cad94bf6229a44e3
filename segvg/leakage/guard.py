"""Keep the images of the configured evaluation out of training, and say so."""
from pathlib import Path
from typing import Iterator, Optional

from mmengine.config import Config

from segvg.leakage import ImageSource, Overlap, ProtectedSplit, compare, read_protected
from segvg.leakage.compare import TRAIN_SPLITS
from segvg.leakage.provenance import chain_verdict, make_record, read_record
from segvg.utils.configs import ann_files, ann_path, find_dicts, sibling_splits


def evaluation_files(cfg: Config) -> list[Path]:
    """All splits but training of the data sets that a config evaluates.

    ``test.py --split`` scores the other splits of a data set, so they count too.
    """
    found: dict[Path, None] = {}
    for loader in ('val_dataloader', 'test_dataloader'):
        for path in ann_files(cfg, loader):
            found.update({other: None for other, split in sibling_splits(path).items()
                          if not split.startswith(TRAIN_SPLITS)})
    return list(found)


def guard_training_data(cfg: Config) -> None:
    """Leave images of the evaluation out of training, unless the config says not to."""
    if not cfg.get('exclude_protected', True):
        return
    protected = [str(path) for path in evaluation_files(cfg)]
    for dataset in find_dicts(cfg.train_dataloader, 'ann_file'):
        own = str(ann_path(dataset))
        dataset.setdefault('exclude_images_of',
                           [path for path in protected if path != own])


def overlaps_of(cfg: Config) -> tuple[list[Overlap], list[ProtectedSplit]]:
    """What training will see of each split of the evaluation, and those splits."""
    protected = [split for path in evaluation_files(cfg)
                 for split in read_protected(path)]
    source, seen = ImageSource(), []
    for dataset in find_dicts(cfg.train_dataloader, 'ann_file'):
        left_out = {key for path in dataset.get('exclude_images_of', ())
                    for split in read_protected(Path(path)) for key in split.keys}
        seen += [image for image in source.read('canonical', ann_path(dataset))
                 if image.compared_as not in left_out]
    return compare(seen, protected), protected


def initial_weights(cfg: Config) -> Iterator[str]:
    """Names of the weights that a model starts from."""
    for part in find_dicts(cfg.model, 'init_cfg'):
        configs = part['init_cfg'] or []
        for init in [configs] if isinstance(configs, dict) else configs:
            name = init.get('checkpoint') or init.get('name')
            if name:
                yield name


def record_training(cfg: Config, loaded: Optional[dict] = None) -> dict:
    """The record of a training run; ``loaded`` is that of the checkpoint it goes on."""
    overlaps, _ = overlaps_of(cfg)
    parents = {name: read_record(Path(name)) for name in initial_weights(cfg)}
    if cfg.get('load_from'):
        parents[Path(cfg.load_from).name] = loaded
    return make_record(ann_files(cfg, 'train_dataloader'), overlaps, parents)


def tell_verdict(record: Optional[dict], files: list[Path]) -> tuple[str, list[str]]:
    """The word for a score on files, and the reasons when it is not ``clean``."""
    verdict, reasons = max((chain_verdict(record, path.name.removesuffix('.jsonl'))
                            for path in files), key=lambda found: found[0])
    return verdict.word, reasons
