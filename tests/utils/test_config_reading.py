"""A config that is read in memory is the one that mmengine reads."""
import copy

import pytest
from mmengine.config import Config, ConfigDict

from segvg.utils.config_file import ConfigFile
from segvg.utils.config_reading import read_plain
from segvg.utils.configs import load

BASE = """
size = 8
sides = (size, [size, dict(long=size)])
steps = [dict(type='Load'), dict(type='Resize', sizes=(size, 2 * size))]
model = dict(type='A', head=dict(type='B', layers=3), norm=dict(type='BN', eps=1e-5))
loader = dict(dataset=dict(pipeline=steps, others=[dict(pipeline=steps)]))


def twice(value):
    return 2 * value
"""
SCHEDULE = """
rates = dict(head=1e-4, rest=1e-5)
hooks = dict(checkpoint=dict(interval=1), logger=dict(level=1))
"""
LEAF = """
# mmengine adds what follows to the bases
_base_ = ['./base.py', './more/schedule.py']
__hidden__ = 3
own = _base_.steps + [dict(type='Pack', sizes=_base_.sides)]
names = {f'step {number}': step for number, step in enumerate(own)}
model = dict(head=dict(layers=6), norm=dict(_delete_=True, type='GN'), new=_base_.rates)
loader = dict(dataset=dict(pipeline=own), number=4)
hooks = dict(logger=dict(interval=2))
for one in own[:1]:
    last = one
"""


def write(folder, **files):
    (folder / 'more').mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f'{name.replace("__", "/")}.py').write_text(text)
    return folder / 'leaf.py'


def types(node):
    """The types of a node and of all below it."""
    if isinstance(node, dict):
        return type(node), [(key, types(value)) for key, value in node.items()]
    if isinstance(node, (list, tuple)):
        return type(node), list(map(types, node))
    return type(node)


def test_config_is_that_of_mmengine(tmp_path):
    path = write(tmp_path, base=BASE, more__schedule=SCHEDULE, leaf=LEAF)
    file = ConfigFile(path)
    assert file.is_plain
    ours, theirs = read_plain(file, {}), Config.fromfile(path)
    assert ours.to_dict() == theirs.to_dict() and len(ours) == 11
    assert list(ours) == list(theirs)
    assert types(ours._cfg_dict) == types(theirs._cfg_dict)
    assert vars(ours) == vars(theirs)  # the text and names of files, too
    assert isinstance(ours.loader.dataset.pipeline[1], ConfigDict)


def test_parts_are_changed_alone_and_a_second_reading_is_unchanged(tmp_path):
    path = write(tmp_path, base=BASE, more__schedule=SCHEDULE, leaf=LEAF)
    cfg = load(path)
    before = copy.deepcopy(cfg.to_dict())
    cfg.own[1].type = cfg.names['step 2'].type = 'Changed'
    cfg.model.new.head = 1
    assert cfg.loader.dataset.pipeline[1].type == cfg.steps[1].type == 'Resize'
    assert cfg.loader.dataset.others[0].pipeline[1].type == 'Resize'
    assert cfg.own[2].type == 'Pack' and cfg.rates.head == 1e-4
    assert load(path).to_dict() == before


@pytest.mark.parametrize('files', [
    dict(leaf="_base_ = ['./base.py', './b.py']\n", base='a = 1\n', b='a = 1\n'),
    dict(leaf="_base_ = './base.py'\na = dict(b=1)\n", base='a = [1]\n'),
    dict(leaf="_base_ = './base.py'\na = _base_.b\n", base='a = [1]\n'),
    dict(leaf='\na = nothing\n'), dict(leaf='a = 1 / 0\n'), dict(leaf='text = 1\n')])
def test_errors_are_those_of_mmengine(files, tmp_path):
    path = write(tmp_path, **files)
    with pytest.raises(Exception) as theirs:
        Config.fromfile(path)
    with pytest.raises(type(theirs.value)) as ours:
        read_plain(ConfigFile(path), {})
    assert str(ours.value) == str(theirs.value)
    with pytest.raises(ValueError, match=f'config {path} cannot be read: '
                                         f'{theirs.type.__name__}: '):
        load(path)


@pytest.mark.parametrize('text', [
    "name = '{{ fileBasename }}'\n", "name = '{{$NO_SUCH_VARIABLE:default}}'\n",
    "_base_ = './base.py'\nname = {{_base_.size}}\n", 'import os\nname = os.sep\n',
    "custom_imports = dict(imports=['json'])\n", "_base_ = './base.yml'\nname = 3\n",
    "_base_ = './base.py'\nname = 3\n_base_ = './other.py'\n",
    "_base_ = './more/schedule.py'\nname = 3\n"])
def test_mmengine_reads_what_is_more_than_values(text, tmp_path):
    path = write(tmp_path, base=BASE, more__schedule='from math import pi\na = pi\n',
                 other='other = 1\n', leaf=text)
    (tmp_path / 'base.yml').write_text('number: 5\n')
    assert not ConfigFile(path).is_plain
    cfg = load(path)
    cfg.pop('base_values', None)
    assert cfg.to_dict() == Config.fromfile(path).to_dict()
