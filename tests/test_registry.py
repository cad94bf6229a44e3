"""Parts of other packages, and parts of segvg in programs of others."""
import importlib.util

import pytest
from mmengine import registry as root
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope

from segvg import registry
from segvg.registry import MODELS
from segvg.utils.errors import InputError
from tests.toy import ROOT, make_data, toy_config


def test_part_of_a_package_that_is_not_installed_says_how_to_install(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(registry, 'find_spec',
                        lambda name: None if name == 'mmdet' else real(name))
    told = (r"mmdet.ResNetV1d is a part of mmdet, which is not installed: "
            r"pip install 'segvg\[mmdet\]'")
    with pytest.raises(InputError, match=told):
        MODELS.build(dict(type='mmdet.ResNetV1d', depth=50))


def test_part_with_the_own_scope_is_found():
    assert MODELS.get('segvg.ResNet') is MODELS.get('ResNet')


if importlib.util.find_spec('mmdet') is not None:

    @pytest.mark.slow
    def test_parts_of_mmdetection_are_built():
        model = MODELS.build(dict(type='mmdet.ResNetV1d', depth=50, base_channels=8))
        assert type(model).__module__.startswith('mmdet.')


TINY = ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py'


def test_parts_find_each_other_in_the_scope_of_another_program(tmp_path):
    cfg = toy_config(TINY, make_data(tmp_path / 'data'), tmp_path / 'work')
    cfg.train_dataloader.dataset.type = 'segvg.GroundingDataset'
    cfg.model.type = 'segvg.SegVG'
    with DefaultScope.overwrite_default_scope('mmengine'):
        model = root.MODELS.build(cfg.model)
        model.init_weights()
        dataset = root.DATASETS.build(cfg.train_dataloader.dataset)
        batch = pseudo_collate([dataset[0], dataset[1]])
        losses = model(**model.data_preprocessor(batch), mode='loss')
        assert DefaultScope.get_current_instance().scope_name == 'mmengine'
    assert 'loss_bbox' in losses
