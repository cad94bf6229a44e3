"""A config that describes a part wrongly is told in one line."""
import pytest
from mmengine import registry as root
from mmengine.registry import DefaultScope, Registry
from mmengine.runner import Runner

from segvg.utils.config_faults import config_fault
from segvg.utils.exits import one_line_errors

PARTS = Registry('part')


class Base:
    def __init__(self, width, depth=1):
        self.width = width


@PARTS.register_module()
class Wheel(Base):
    def __init__(self, spokes=8, **kwargs):
        super().__init__(**kwargs)


@PARTS.register_module()
class Broken:
    def __init__(self, size):
        Base(size, heigth=size)  # a bug of the part, not of the config


def fault_of(function, *args):
    try:
        function(*args)
    except (KeyError, TypeError) as error:
        return config_fault(error)
    raise AssertionError('no error')


def test_unknown_type_names_what_is_close():
    assert fault_of(PARTS.build, dict(type='Weel')) == (
        'Weel is not registered as a part; did you mean Wheel?; a part of your own is '
        'made known by custom_imports in the config')


def test_unknown_argument_names_what_there_is():
    assert fault_of(PARTS.build, dict(type='Wheel', width=1, spoke=3)) == (
        "Wheel has no argument 'spoke'; did you mean spokes? (it takes spokes, width, "
        'depth)')


def test_absent_argument_is_named():
    assert fault_of(PARTS.build, dict(type='Wheel')) == (
        "Wheel needs 'width' in the config")


def test_bug_in_a_part_keeps_its_traceback():
    assert fault_of(PARTS.build, dict(type='Broken', size=1)) is None
    assert fault_of(dict(a=1).__getitem__, 'b') is None


def test_data_loader_with_a_misspelt_key():
    loader = dict(dataset=[1, 2], batchsize=1, sampler=None)

    @one_line_errors
    def main():
        Runner.build_dataloader(dict(loader, sampler=dict(type='DefaultSampler')))

    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code.startswith(
        "error: a data loader has no argument 'batchsize'; did you mean batch_size?")


def test_part_of_segvg_in_another_scope_is_told():
    with DefaultScope.overwrite_default_scope('mmengine'):
        told = fault_of(root.MODELS.build, dict(type='BoxHead', loss_box={}))
    assert told == ('BoxHead is not registered as a model of mmengine: name it '
                    "segvg.BoxHead, or set default_scope = 'segvg' in the config")
