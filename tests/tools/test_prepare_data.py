"""The command line of tools/prepare_data.py: files, table, exit codes."""
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.annotations.readers.sources import (
    COCO_FILE,
    annotation,
    ref,
    sentence,
    write_image,
    write_pth,
    write_refer,
)

TOOL = Path(__file__).parents[2] / 'tools/prepare_data.py'


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the tool; gives the exit code and what it said."""
    spec = importlib.util.spec_from_file_location('prepare_data', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    said = []
    monkeypatch.setattr(tool, 'log', said.append)

    def call(*args):
        said.clear()
        code = tool.main([*map(str, args), '--out', str(tmp_path / 'out')])
        return code, '\n'.join(said)
    return call


@pytest.fixture
def source(tmp_path):
    """A REFER folder with one bad ref."""
    return write_refer(tmp_path / 'own', [
        ref(1), ref(2, ann_id=9, sentences=[sentence(20, 'lost')])])


def test_good_run_writes_files_and_says_what_it_found(run, source, tmp_path):
    code, said = run('refer_refcoco', source)
    assert code == 0
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        'own_unc.meta.json', 'own_unc.report.jsonl', 'own_unc_val.jsonl',
        'own_unc_val.jsonl.idx.npy'}
    assert 'dangling_ann' in said and 'refs(unc).p refs[1]' in said
    assert 'val      read             1         2            2' in said
    report = (tmp_path / 'out/own_unc.report.jsonl').read_text().splitlines()
    assert json.loads(report[0])['code'] == 'dangling_ann'


@pytest.mark.parametrize('flags', [['--on-bad', 'raise'], ['--max-bad', '0']])
def test_bad_record_stops_where_asked_and_leaves_no_data(run, source, tmp_path, flags):
    code, said = run('refer_refcoco', source, *flags)
    assert code == 1 and flags[0] in said and 'was not written' in said
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        'own_unc.report.jsonl'}


def test_max_bad_lets_that_many_through(run, source):
    assert run('refer_refcoco', source, '--max-bad', '1')[0] == 0


def test_counts_that_are_not_official_fail_unless_allowed(run, source):
    code, said = run('refer_refcoco', source, '--name', 'refcoco')
    assert code == 1 and '--allow-count-mismatch' in said
    assert run('refer_refcoco', source, '--name', 'refcoco',
               '--allow-count-mismatch')[0] == 0


def test_unsafe_file_is_fatal(run, source, tmp_path):
    (source / 'refs(unc).p').write_bytes(b'cposix\nsystem\n(S"true"\ntR.')
    code, said = run('refer_refcoco', source)
    assert code == 1 and 'posix.system, which was not called' in said
    report = json.loads((tmp_path / 'out/own_unc.report.jsonl').read_text())
    assert report['code'] == 'unsafe_pickle' and report['action'] == 'fatal'


def test_nothing_left_is_no_success(run, tmp_path):
    folder = write_refer(tmp_path / 'own', [ref(split='train'), ref(
        2, ann_id=9, sentences=[sentence(20)])])
    code, said = run('refer_refcoco', folder)
    assert code == 1 and 'nothing is left of val' in said


def test_images_are_looked_at_where_asked(run, source, tmp_path):
    write_image(tmp_path / 'images/train2014' / COCO_FILE, 60, 40)
    code, said = run('refer_refcoco', source, '--images', tmp_path / 'images',
                     '--check', 'images')
    assert code == 0 and 'image_size_mismatch' in said
    assert 'images found in train2014 below' in said
    code, said = run('refer_refcoco', source, '--images', tmp_path / 'images',
                     '--check', 'full', '--image-dirs', 'val2014')
    assert code == 1 and 'image_missing' in said
    _, said = run('refer_refcoco', source, '--check', 'full')
    assert 'without --images the image files are not looked at' in said


def test_flags_reach_the_reader(run, tmp_path):
    folder = write_refer(tmp_path / 'own', [ref()], annotations=[
        annotation(), annotation(7002, segmentation=[])])
    run('refer_refcoco', folder, '--all-objects', '--need-mask')
    meta = json.loads((tmp_path / 'out/own_unc.meta.json').read_text())
    assert meta['report'] == {'mask_missing': 1}
    line = json.loads((tmp_path / 'out/own_unc_val.jsonl').read_text())
    assert [instance['id'] for instance in line['instances']] == [7001]


def test_several_sets_are_converted_at_once(run, tmp_path):
    write_image(tmp_path / 'images/25.jpg')
    rows = [('25.jpg', '25_1.pth', [1, 1, 5, 5], 'man', [])]
    for name in ('mine', 'other'):
        write_pth(tmp_path / 'lists' / name / f'{name}_val.pth', rows)
    code, _ = run('resc_pth', tmp_path / 'lists', '--images', tmp_path / 'images')
    assert code == 0 and (tmp_path / 'out/resc_other_val.jsonl').exists()
    code, said = run('resc_pth', tmp_path / 'lists', '--images', tmp_path / 'images',
                     '--name', 'one')
    assert code == 2 and 'two sources give the same name: one, one' in said


def test_canonical_files_go_through_once_more(run, source, tmp_path):
    run('refer_refcoco', source)
    first = (tmp_path / 'out/own_unc_val.jsonl').read_text()
    code, _ = run('canonical', tmp_path / 'out/own_unc.meta.json', '--name', 'again')
    assert code == 0
    again = (tmp_path / 'out/again_val.jsonl').read_text()
    assert json.loads(again) == json.loads(first)


@pytest.mark.parametrize(('args', 'message'), [
    (['refer_refcoco', 'nowhere'], 'nowhere has no refs(<partition>).p'),
    (['resc_pth', 'nowhere'], 'there is no file or folder nowhere'),
    (['canonical', 'nowhere'], 'nowhere is not a <name>.meta.json')])
def test_missing_source_is_named(run, args, message):
    code, said = run(*args)
    assert code == 2 and message in said


def test_missing_instances_and_images_are_named(run, source, tmp_path):
    code, said = run('refer_refcoco', source, '--images', tmp_path / 'none',
                     '--check', 'images')
    assert code == 2 and 'there is no image folder' in said
    (source / 'instances.json').unlink()
    code, said = run('refer_refcoco', source)
    assert code == 2 and 'there is no file' in said and 'instances.json' in said


def test_sizes_without_images_are_an_error(run, tmp_path):
    write_pth(tmp_path / 'unc/unc_val.pth', [])
    code, said = run('resc_pth', tmp_path / 'unc')
    assert code == 2 and 'no image sizes' in said


def test_help_lists_the_formats():
    result = subprocess.run([sys.executable, TOOL, '--help'], capture_output=True,
                            text=True)
    assert result.returncode == 0
    for name in ('canonical', 'refer_refcoco', 'refer_refcocog', 'resc_pth'):
        assert name in result.stdout


def test_unknown_format_is_refused(run, capsys):
    with pytest.raises(SystemExit) as error:
        run('stone_tablets', 'nowhere')
    assert error.value.code == 2 and 'invalid choice' in capsys.readouterr().err
