"""A toy config of every method, with data that fits it."""
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from segvg.datasets import collate_grounding
from segvg.engine.speed import set_defaults
from segvg.registry import DATASETS
from tests.generalized_toy import make_generalized_data
from tests.toy import ROOT, make_data, toy_config

METHODS = (
    'transvg/transvg_tiny_synthref_l0', 'segvg/segvg_tiny_synthref_l0',
    'seqtr/seqtr_tiny_det_synthref_l0', 'seqtr/seqtr_tiny_segm_synthref_l0',
    'partial_res/partial_res_tiny_synthref_l0', 'siri/siri_tiny_synthref_l0',
    'siri/siri_masks_refcoco', 'siri/siri_mt_tiny_synthref_l0',
    'siri/mdetr_tiny_captions_synthref_l0', 'reftr/reftr_tiny_synthref_l0',
    'reftr/reftr_res_tiny_synthref_l0', 'reftr/reftr_tiny_captions_synthref_l0',
    'rela/rela_tiny_synthref_l1', 'instancevg/instancevg_tiny_synthref_l1')


def make_folders(root: Path) -> tuple[Path, Path]:
    """Return data with one target for each expression, and data with several or none.
    """
    return make_data(root / 'one'), make_generalized_data(root / 'several')


def method_config(name: str, folders: tuple[Path, Path], work_dir: Path) -> Config:
    """Return a config at toy size, with the settings that a run adds."""
    init_default_scope('segvg')
    several = name.startswith(('rela', 'instancevg'))
    cfg = toy_config(ROOT / f'configs/{name}.py', folders[several], work_dir)
    set_defaults(cfg)
    return cfg


def batch_of(loader: dict, *numbers: int) -> dict:
    """Return some items of a loader's data set, as the loader collates them."""
    dataset = DATASETS.build(loader['dataset'])
    return collate_grounding([dataset[number] for number in numbers])
