"""A value that a base file says once is changed wherever it is used."""
import pytest
from mmengine.config import Config

from segvg.utils.config_values import check_values, load_with_values, values_of
from segvg.utils.configs import load
from tests.utils.test_configs import BASE, LEAF


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'base').mkdir()
    (tmp_path / 'base/model.py').write_text(BASE)
    (tmp_path / 'leaf.py').write_text(LEAF)
    (tmp_path / 'large.py').write_text("_base_ = './leaf.py'\ncanvas = 128\n")
    return tmp_path


def test_values_are_literals_that_a_file_reads(folder):
    expected = dict(canvas=64, vocab='words.txt', bound=(1, 2))
    assert values_of(folder / 'leaf.py') == expected
    assert values_of(folder / 'large.py') == {**expected, 'canvas': 128}


def test_an_unchanged_config_is_that_of_mmengine(folder):
    cfg = load(folder / 'leaf.py')
    used = cfg.pop('base_values')
    assert used == dict(canvas=64, vocab='words.txt', bound=(1, 2))
    assert cfg.to_dict() == Config.fromfile(folder / 'leaf.py').to_dict()


@pytest.mark.parametrize(('name', 'options', 'canvas'), [
    ('leaf', dict(canvas=32), 32), ('large', {}, 128), ('large', dict(canvas=32), 32)])
def test_a_value_reaches_model_and_pipelines(folder, name, options, canvas):
    path = folder / f'{name}.py'
    cfg = load(path, options)
    check_values(cfg)
    assert cfg.canvas == cfg.base_values.canvas == canvas
    assert cfg.model.tokens == (canvas // 8) ** 2
    assert cfg.pipeline[2].long == canvas
    assert [part.pipeline[2].long for part in cfg.loader.dataset.datasets
            ] == [canvas, canvas]
    assert cfg.pipeline[1].transforms[0].long == 32
    assert cfg.filename == str(path)
    assert cfg.load_from == 'weights.pth'


def test_text_and_tuples_are_values_too(folder):
    cfg = load(folder / 'leaf.py', dict(vocab="it's.txt", bound=(3, 4)))
    assert cfg.pipeline[5].tokenizer.vocab == "it's.txt"
    assert cfg.bounds == [(3, 4)]


def test_a_value_of_another_type_is_refused(folder):
    with pytest.raises(ValueError, match="canvas is 64 in config .*become 'large'"):
        load(folder / 'leaf.py', dict(canvas='large'))


def test_other_options_come_after_values(folder):
    cfg = load(folder / 'leaf.py', {'canvas': 32, 'pipeline.Resize.long': 16})
    assert (cfg.model.tokens, cfg.pipeline[2].long) == (16, 16)


def test_plainly_read_configs_are_refused_only_if_half_changed(folder):
    check_values(Config.fromfile(folder / 'leaf.py'))
    with pytest.raises(ValueError, match='canvas is 128, but .* with 64.*load'):
        check_values(Config.fromfile(folder / 'large.py'))
    (folder / 'all.py').write_text(
        "_base_ = './base/model.py'\nvocab = 'new.txt'\npipeline = [vocab]\n")
    check_values(Config.fromfile(folder / 'all.py'))


def test_a_value_changed_after_reading_is_refused(folder):
    for cfg in (load(folder / 'leaf.py'), Config.fromfile(folder / 'leaf.py')):
        cfg.merge_from_dict(dict(canvas=32))
        with pytest.raises(ValueError, match='canvas is 32, but .* with 64'):
            check_values(cfg)


def test_a_written_config_keeps_its_values(folder):
    load(folder / 'large.py').dump(folder / 'written.py')
    cfg = load(folder / 'written.py')
    check_values(cfg)
    assert cfg.model.tokens == 256
    with pytest.raises(ValueError, match='canvas is 64, but .* with 128'):
        check_values(load(folder / 'written.py', dict(canvas=64)))


def test_names_of_the_file_stay_those_of_the_file(folder):
    """mmengine fills them in; a changed value makes it read a copy of the file."""
    (folder / 'named.py').write_text(
        "_base_ = './leaf.py'\ncanvas = 16\nwork_dir = '{{ fileDirname }}/"
        "{{ fileBasenameNoExtension }}'\n")
    assert load(folder / 'named.py').work_dir == f'{folder}/named'


def test_an_error_in_a_file_names_the_file(folder):
    (folder / 'broken.py').write_text("a = 1\nb = (\n")
    with pytest.raises(ValueError, match='broken.py, line 2'):
        load(folder / 'broken.py')
    (folder / 'lost.py').write_text("_base_ = './no.py'\n")
    with pytest.raises(FileNotFoundError, match='no.py does not exist'):
        load_with_values(folder / 'lost.py', {})
