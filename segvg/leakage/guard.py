"""Keep the images of the configured evaluation out of training, and say so."""
from pathlib import Path
from typing import Iterator, Optional

import numpy as np
from mmengine.config import Config

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.image_copies import find_copies
from segvg.annotations.image_identity import dataset_of
from segvg.leakage import ImageSource, Overlap, ProtectedSplit, compare, read_protected
from segvg.leakage.compare import TRAIN_SPLITS
from segvg.leakage.provenance import chain_verdict, make_record, read_record
from segvg.leakage.sources import SeenImage, of_canonical
from segvg.utils.configs import (
    ann_files,
    ann_path,
    find_dicts,
    image_folder,
    sibling_splits,
)


def evaluation_images(cfg: Config) -> dict[Path, Path]:
    """All splits but training of the data sets that a config evaluates.

    ``test.py --split`` scores the other splits of a data set, so they count too.

    Returns:
        Annotation file -> folder of its images.
    """
    found: dict[Path, Path] = {}
    for loader in ('val_dataloader', 'test_dataloader'):
        for dataset in find_dicts(cfg.get(loader) or {}, 'ann_file'):
            for path, split in sibling_splits(ann_path(dataset)).items():
                if not split.startswith(TRAIN_SPLITS):
                    found.setdefault(path, image_folder(dataset))
    return found


def evaluation_files(cfg: Config) -> list[Path]:
    """The annotation files of ``evaluation_images``."""
    return list(evaluation_images(cfg))


def guard_training_data(cfg: Config) -> None:
    """Leave images of the evaluation out of training, unless the config says not to."""
    if not cfg.get('exclude_protected', True):
        return
    protected = [str(path) for path in evaluation_files(cfg)]
    for dataset in find_dicts(cfg.train_dataloader, 'ann_file'):
        own = str(ann_path(dataset))
        dataset.setdefault('exclude_images_of',
                           [path for path in protected if path != own])
        copies = copies_to_leave_out(cfg, dataset)
        if copies:
            dataset.setdefault('exclude_images', copies)


def copies_to_leave_out(cfg: Config, dataset: dict) -> list[str]:
    """Names of the training images that are copies of images of the evaluation.

    The list is empty if no training data would be left. Then somebody trains on the
    images of the evaluation on purpose, and the record of the checkpoint says so.
    """
    copies = {image['file'] for image, _ in find_copied_images(cfg, dataset)}
    if not copies:
        return []
    lines = CanonicalFile(ann_path(dataset))
    kept = np.ones(len(lines), dtype=bool)
    for path in dataset.get('exclude_images_of', ()):
        kept &= ~np.isin(lines.image_numbers, CanonicalFile(path).image_numbers)
    is_left = any(keeps and line['image']['file'] not in copies
                  for keeps, line in zip(kept, lines, strict=True))
    return sorted(copies) if is_left else []


def find_copied_images(cfg: Config, dataset: dict) -> list[tuple[dict, SeenImage]]:
    """Images of a training data set that the evaluation has under other names.

    Returns:
        The record of each image, and the image of the evaluation that it is.
    """
    lines, source, found = CanonicalFile(ann_path(dataset)), ImageSource(), []
    for path, folder in evaluation_images(cfg).items():
        if path == ann_path(dataset):
            continue
        others = CanonicalFile(path)
        name = dataset_of(path, others.split)
        found += [(image, of_canonical(source, twin, name)) for image, twin in
                  find_copies(lines, image_folder(dataset), others, folder)]
    return found


def overlaps_of(cfg: Config) -> tuple[list[Overlap], list[ProtectedSplit]]:
    """What training will see of each split of the evaluation, and those splits."""
    protected = [split for path in evaluation_files(cfg)
                 for split in read_protected(path)]
    evaluated = frozenset().union(*(split.keys for split in protected))
    source, seen = ImageSource(), []
    for dataset in find_dicts(cfg.train_dataloader, 'ann_file'):
        name = dataset_of(ann_path(dataset), CanonicalFile(ann_path(dataset)).split)
        left_out = {key for path in dataset.get('exclude_images_of', ())
                    for split in read_protected(Path(path)) for key in split.keys}
        copies: dict[str, list[SeenImage]] = {}
        for image, twin in find_copied_images(cfg, dataset):
            key = of_canonical(source, image, name).compared_as
            if image['file'] in dataset.get('exclude_images', ()):
                left_out.add(key)
            copies.setdefault(key, []).append(twin)
        for image in source.read('canonical', ann_path(dataset)):
            if image.compared_as in left_out:
                continue
            twins = copies.get(image.compared_as, [])
            if not twins or image.compared_as in evaluated:
                seen.append(image)
            seen += twins
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
    """The record of a training run; ``loaded`` is that of its first checkpoint."""
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
