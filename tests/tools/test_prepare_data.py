"""The command line of tools/prepare_data.py: files, table, exit codes."""
import importlib.util
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from segvg.annotations.checks import Place
from segvg.annotations.readers import READERS
from tests.annotations.readers.parquet_sources import REF_ADV, ref_adv
from tests.annotations.readers.parquet_sources import write as write_rows
from tests.annotations.readers.sources import (
    COCO_FILE,
    annotation,
    ref,
    sentence,
    write_image,
    write_pth,
    write_refer,
)

pytestmark = pytest.mark.slow

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
    call.tool = tool
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


@pytest.mark.parametrize('error', [KeyboardInterrupt(), OSError(28, 'full')])
def test_stopped_conversion_leaves_no_half_of_a_report(run, source, tmp_path, error,
                                                       monkeypatch):
    def stop(source, out, report, *_, **__):
        report.add('dangling_ann', Place('a.json', '3'))
        raise error

    def run_until_stopped():
        with monkeypatch.context() as patch, suppress(SystemExit):
            patch.setattr(run.tool, 'convert', stop)
            run('refer_refcoco', source)
        return sorted((tmp_path / 'out').iterdir())

    assert run_until_stopped() == []
    run('refer_refcoco', source)
    files = {path: path.read_bytes() for path in (tmp_path / 'out').iterdir()}
    write_refer(source, [ref(7, split='train')])  # another split, to be added
    assert run_until_stopped() == sorted(files)
    assert {path: path.read_bytes() for path in files} == files


def test_full_disk_has_the_exit_code_of_other_tools(run, source, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, 'No space left on device', 'own_val.jsonl')

    monkeypatch.setattr(run.tool, 'convert', fail)
    code, said = run('refer_refcoco', source)
    assert code == 1 and "No space left on device: 'own_val.jsonl'" in said


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
    code, _ = run('resc_pth', tmp_path / 'lists', '--images', tmp_path / 'images',
                  '--box', 'xyxy')
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
    (['resc_pth', 'nowhere'], 'nowhere does not exist'),
    (['canonical', 'nowhere'], 'nowhere is not a <name>.meta.json')])
def test_missing_source_is_named(run, args, message):
    code, said = run(*args)
    assert code == 2 and message in said


def test_missing_instances_and_images_are_named(run, source, tmp_path):
    code, said = run('refer_refcoco', source, '--images', tmp_path / 'none',
                     '--check', 'images')
    assert code == 2 and 'image folder' in said and 'does not exist' in said
    (source / 'instances.json').unlink()
    code, said = run('refer_refcoco', source)
    assert code == 2 and 'instances.json does not exist' in said


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


def write_line(path, split, name='a.jpg'):
    line = dict(image=dict(id=f'file:{name}', file=name, width=64, height=48),
                split=split, instances=[dict(id=1, bbox=[4, 4, 24, 34])],
                exprs=[dict(id=1, text='left man', targets=[0])])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(line) + '\n')
    return path


def test_input_stays_as_it_is(run, tmp_path):
    path = write_line(tmp_path / 'out/own_train.jsonl', 'train')
    before = path.read_bytes()
    for more in ([], ['--overwrite']):
        code, said = run('canonical', path, *more)
        assert code == 2 and 'would be overwritten' in said
    assert path.read_bytes() == before


def test_splits_converted_one_after_the_other_share_a_meta_file(run, tmp_path):
    for split in ('train', 'val'):
        code, _ = run('canonical', write_line(
            tmp_path / f'in/own_{split}.jsonl', split, f'{split}.jpg'))
        assert code == 0
    meta = json.loads((tmp_path / 'out/own.meta.json').read_text())
    assert list(meta['splits']) == ['train', 'val'] and len(meta['sources']) == 2
    assert run('canonical', tmp_path / 'in/own_val.jsonl')[0] == 0  # the same again


def test_output_of_other_sources_is_not_replaced(run, tmp_path):
    assert run('canonical', write_line(tmp_path / 'a/own_val.jsonl', 'val'))[0] == 0
    other = write_line(tmp_path / 'b/own_val.jsonl', 'val', 'b.jpg')
    before = (tmp_path / 'out/own_val.jsonl').read_bytes()
    code, said = run('canonical', other)
    assert code == 2 and 'own_val.jsonl exists already' in said
    assert (tmp_path / 'out/own_val.jsonl').read_bytes() == before
    assert run('canonical', other, '--overwrite')[0] == 0
    (tmp_path / 'out/own_val.jsonl').write_bytes(before)  # somebody's own work
    assert run('canonical', other)[0] == 2


def test_boxes_between_0_and_1_are_named_as_such(run, tmp_path):
    refs = [ref(number, ann_id=7000 + number, sentences=[sentence(number)])
            for number in range(4)]
    annotations = [annotation(7000 + number, bbox=[0.1, 0.1, 0.5, 0.2 + number / 10])
                   for number in range(4)]
    code, said = run('refer_refcoco', write_refer(
        tmp_path / 'own', refs, annotations=annotations))
    assert code == 1 and '4 of 4 boxes lie between 0 and 1' in said
    assert not list((tmp_path / 'out').glob('*_val.jsonl'))


def test_split_that_is_lost_is_an_error(run, tmp_path):
    refs = [ref(1), ref(2, split='holdout', sentences=[sentence(20)])]
    code, said = run('refer_refcoco', write_refer(tmp_path / 'own', refs))
    assert code == 1 and 'a split that is not known' in said


def test_option_that_a_format_does_not_have_is_refused(run, source, capsys):
    with pytest.raises(SystemExit):
        run('vg_regions', source, '--box', 'xyxy')
    assert '--box is not for vg_regions' in capsys.readouterr().err


@pytest.mark.parametrize('name', sorted({*READERS} - {'canonical'}))
def test_images_can_be_own_in_every_form(run, name):
    args = run.tool.parse_args([name, 'x', '--out', 'y', '--images-are', 'own'])
    assert args.images_are == 'own'


@pytest.mark.parametrize(('flags', 'count'), [(['--show'], 1), (['--show', '0'], 0)])
def test_show_prints_records_and_writes_nothing(run, source, tmp_path, flags, count):
    code, said = run('refer_refcoco', source, *flags)
    assert said.count('64 x 48 pixels, split val\n  "left man"\n'
                      '    box from x 4, y 4 to x 24, y 34 (20 x 30 pixels), with mask'
                      ) == count
    assert code == 1 - count and not (tmp_path / 'out').exists()
    assert ('left out: refs(unc).p refs[1]: annotation that does not exist' in said
            ) is bool(count)


def write_table(path, *boxes):
    path.parent.mkdir(exist_ok=True)
    path.write_text('\n'.join(['file,text,x1,y1,x2,y2,image_width,image_height', *(
        f'a.jpg,man {number},{box},64,48' for number, box in enumerate(boxes))]))
    return path


def test_own_table_is_prepared(run, tmp_path):
    path = write_table(tmp_path / 'in/shop.csv', '4,4,24,34', '1,2,30,x')
    code, said = run('csv', path, '--show')
    assert code == 0 and '"man 0"' in said and "y2: expected a number, got 'x'" in said
    assert not (tmp_path / 'out').exists()
    code, said = run('csv', path, '--split', 'val')
    assert code == 0
    assert 'left out: shop.csv line:3: a field has another type (y2: ' in said
    line = json.loads((tmp_path / 'out/shop_val.jsonl').read_text())
    assert line['exprs'][0]['text'] == 'man 0' and len(line['instances']) == 1


def test_show_tells_a_wrong_convention_too(run, tmp_path):
    path = write_table(tmp_path / 'in/shop.csv', *['0.1,0.1,0.5,0.5'] * 3)
    code, said = run('csv', path, '--show')
    assert code == 1 and '3 of 3 boxes lie between 0 and 1' in said


@pytest.mark.parametrize(('args', 'message'), [
    (['refer_refcoco', 'x', '--split', 'val'], '--split is not for refer_refcoco'),
    (['csv', 'x', '--sentences', 'y.csv'], '--sentences is not for csv'),
    (['csv', 'nowhere'], 'nowhere does not exist')])
def test_wrong_use_of_options_for_own_data_is_named(run, args, message):
    code, said = run(*args)
    assert code == 2 and message in said


@pytest.mark.parametrize(('args', 'message'), [
    (['--split', 'holdout'], "'holdout' is not a split"),
    (['--columns', 'image'], "expected KEY=NAME, got 'image'")])
def test_options_for_own_data_are_checked(run, capsys, args, message):
    with pytest.raises(SystemExit):
        run('csv', 'x', *args)
    assert message in capsys.readouterr().err


def test_images_of_parquet_rows_are_written_to_files(run, tmp_path):
    write_rows(tmp_path / 'own', [ref_adv(), ref_adv('he', image=None)], REF_ADV)
    code, said = run('hf_parquet', tmp_path / 'own', '--extract-images',
                     tmp_path / 'images')
    assert code == 1  # of the image; the lines are written
    assert f'1 images written to {tmp_path / "images"}, 0 existed already' in said
    assert 'row:1 holds no image' in said
    assert [path.name for path in (tmp_path / 'images').iterdir()] == [
        '000000000101.jpg']
    assert (tmp_path / 'out/ref_adv_s_test.jsonl').exists()
    write_rows(tmp_path / 'own', [ref_adv()], REF_ADV)
    assert run.tool.main(['hf_parquet', str(tmp_path / 'own'), '--extract-images',
                          str(tmp_path / 'images')]) == 0


@pytest.mark.parametrize(('format', 'flags', 'reason'), [
    ('refer_refcoco', ['--out', 'b'], 'is for hf_parquet, whose rows may hold images'),
    ('hf_parquet', ['--show'], '--show writes nothing')])
def test_images_are_extracted_only_where_that_makes_sense(run, capsys, format, flags,
                                                          reason):
    with pytest.raises(SystemExit):
        run.tool.main([format, 'a', '--extract-images', 'c', *flags])
    assert reason in capsys.readouterr().err
