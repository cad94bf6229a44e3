"""YAML is data; configs and plans are Python files."""
import math

import mmengine
import pytest

from segvg.utils.configs import load
from segvg.utils.safe_yaml import read_yaml

CALL = 'a: !!python/object/apply:os.mkdir ["{marker}"]\n'
LAUGHS = 'a0: &a0 [x, x]\n' + ''.join(
    f'a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n' for i in range(1, 40))
MERGES = 'a0: &a0 {x: y}\n' + ''.join(
    f'a{i}: &a{i}\n  <<: [*a{i - 1}, *a{i - 1}]\n' for i in range(1, 40))
SIXTIES = 'a: 1' + ':59' * 90_000


def test_plain_values_are_read():
    assert read_yaml('a: [1, 2.5, null, text]\nb: {c: true}') == dict(
        a=[1, 2.5, None, 'text'], b=dict(c=True))
    assert read_yaml(b'a: &x [0x1f, 1:30, 1e3, -.inf]\nb: *x') == dict(
        a=[31, 90, '1e3', -math.inf], b=[31, 90, '1e3', -math.inf])


@pytest.mark.slow
@pytest.mark.parametrize('text', [
    CALL.format(marker='marker'), 'a: !!python/name:os.system', LAUGHS, MERGES,
    SIXTIES, f'{SIXTIES}.5', 'a: 0x' + 'f' * 90_000, 'a: 2001-99-99', '[' * 1500,
    'a: [', '\x00'])
def test_what_is_not_plain_is_refused(text):
    with pytest.raises(ValueError) as error:
        read_yaml(text)
    assert '\n' not in str(error.value)


def test_mmengine_reads_yaml_as_data(tmp_path):
    (tmp_path / 'a.yaml').write_text(CALL.format(marker=tmp_path / 'marker'))
    with pytest.raises(ValueError, match='not plain YAML'):
        mmengine.load(tmp_path / 'a.yaml')
    assert not (tmp_path / 'marker').exists()
    mmengine.dump(dict(a=[1]), tmp_path / 'b.yml')
    assert mmengine.load(tmp_path / 'b.yml') == dict(a=[1])


def test_base_of_a_config_is_read_as_data(tmp_path):
    (tmp_path / 'base.yaml').write_text(CALL.format(marker=tmp_path / 'marker'))
    (tmp_path / 'a.py').write_text("_base_ = ['base.yaml']\n")
    with pytest.raises(ValueError, match='not plain YAML|not Python|base.yaml'):
        load(tmp_path / 'a.py')
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('name', ['a.yaml', 'a.yml', 'a.json', 'a'])
def test_configs_are_python_files(tmp_path, name):
    (tmp_path / name).write_text('{"_base_": "b.py"}')
    (tmp_path / 'b.py').write_text(f'open({str(tmp_path / "marker")!r}, "w")\n')
    with pytest.raises(ValueError, match=f'{name} is not a Python file'):
        load(tmp_path / name)
    assert not (tmp_path / 'marker').exists()


def test_broken_config_is_told_in_one_line(tmp_path):
    (tmp_path / 'a.py').write_text('a = [\n')
    with pytest.raises(ValueError, match='a.py.* was never closed') as error:
        load(tmp_path / 'a.py')
    assert '\n' not in str(error.value)
    with pytest.raises(FileNotFoundError, match='config .*b.py does not exist'):
        load(tmp_path / 'b.py')
