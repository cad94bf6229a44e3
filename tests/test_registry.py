"""Parts of other packages."""
import importlib.util

import pytest

from segvg import registry
from segvg.registry import MODELS
from segvg.utils.errors import InputError


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
