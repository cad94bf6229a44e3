import json

import numpy as np
import pytest
from PIL import Image

from tests.leakage.planted import (
    OTHERS,
    coco_image,
    write_canonical,
    write_planted,
    write_protected,
)
from tests.tools.running import run_tool

pytestmark = pytest.mark.slow


def check(monkeypatch, *arguments):
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'check_leakage.py', *arguments)
    return stop.value.code


def test_planted_images_are_reported_and_recorded(tmp_path, monkeypatch, capsys):
    protected = write_protected(tmp_path)
    format_name, path, count = write_planted(tmp_path)['name of 2017']
    out, weights = tmp_path / 'o.json', tmp_path / 'w.pth'
    assert check(monkeypatch, '--protect', protected, '--train', format_name, path,
                 '--out', out, '--weights', weights) == 1
    printed = capsys.readouterr().out
    assert f'{count}   27.5%  leaked' in printed and 'officially 1,500' in printed
    overlap = json.loads(out.read_text())['overlaps']['refcoco_unc_val']
    assert (overlap['leaked'], overlap['of'], overlap['first'][0]) == (11, 40,
                                                                       'coco:100')
    record = json.loads((tmp_path / 'w.pth.prov.json').read_text())
    assert record['overlaps']['refcoco_unc_val'] == overlap


def test_excluded_images_do_not_count(tmp_path, monkeypatch):
    protected = write_protected(tmp_path)
    format_name, path, count = write_planted(tmp_path)['name of 2014']
    names = [image['file_name'] for image in json.loads(path.read_text())['images']]
    (tmp_path / 'left_out.txt').write_text('\n'.join(names[:count]))
    assert check(monkeypatch, '--protect', protected, '--train', format_name, path,
                 '--exclude', tmp_path / 'left_out.txt') == 0


def test_unknown_passes_unless_it_has_to_be_clean(tmp_path, monkeypatch, capsys):
    protected = write_protected(tmp_path)
    (tmp_path / 'names.txt').write_text('one.jpg\ntwo.jpg\n')
    arguments = ['--protect', protected, '--train', 'names', tmp_path / 'names.txt']
    assert check(monkeypatch, *arguments) == 0
    assert 'unknown' in capsys.readouterr().out
    assert check(monkeypatch, *arguments, '--require-clean') == 1


def test_same_words_are_told(tmp_path, monkeypatch, capsys):
    images = [coco_image(i) for i in OTHERS[:2]]
    train = write_canonical(tmp_path, 'a', 'train', images)
    val = write_canonical(tmp_path, 'b', 'val', images)
    assert check(monkeypatch, '--protect', val, '--train', 'canonical', train) == 1
    assert "b_val: 2 expressions are in the training set" in capsys.readouterr().out


def test_missing_file_is_one_line(tmp_path, monkeypatch, capsys):
    protected = write_protected(tmp_path)
    assert check(monkeypatch, '--protect', protected, '--train', 'coco', 'no.json') == 2
    assert 'error: file no.json does not exist' in capsys.readouterr().err


def test_copies_are_part_of_the_record(tmp_path, monkeypatch, capsys):
    val = write_canonical(tmp_path, 'b', 'val', [dict(id='file:v.png', file='v.png')])
    train = write_canonical(tmp_path, 'a', 'train', [
        dict(id='file:t.png', file='t.png')])
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for name in ('ours/v.png', 'theirs/t.png'):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(pixels).save(tmp_path / name)
    assert check(monkeypatch, '--protect', val, '--train', 'canonical', train,
                 '--protect-images', tmp_path / 'ours', '--train-images',
                 tmp_path / 'theirs', '--weights', tmp_path / 'w.pth') == 1
    assert 't.png is v.png' in capsys.readouterr().out
    record = json.loads((tmp_path / 'w.pth.prov.json').read_text())
    assert record['overlaps']['b_val']['first'] == ['b/v.png']
