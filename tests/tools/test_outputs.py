"""Every tool: an existing file is replaced only with ``--overwrite``."""
import re

import pytest

from tests.tools.running import run_tool
from tests.toy import ROOT, make_data

pytestmark = pytest.mark.slow

# tool -> arguments, and the files that it would write. {data} is a folder of make_data,
# {out} one with those files; what is read by a tool that refuses may be missing.
CASES = {
    'browse_dataset.py': (
        '{data}/toy_val.jsonl --images {data}/images --out-dir {out} --not-show',
        ['000000_0_val_0.jpg']),
    'build_vocab.py': ('{data}/toy_val.jsonl --out {out}/words', ['words.txt']),
    'check_leakage.py': (
        '--protect {data}/toy_val.jsonl --train canonical {data}/toy_train.jsonl '
        '--out {out}/report.json', ['report.json']),
    'compare.py': ('card.json --json {out}/table.json', ['table.json']),
    'convert_checkpoint.py': ('detr in.pth {out}/new.pth', ['new.pth']),
    'draw_subset.py': ('{data}/toy_train.jsonl --percent 50 --out {out}',
                       ['toy_sample50_train.jsonl']),
    'export_data.py': ('refer {data}/toy_val.jsonl --out {out}', ['instances.json']),
    'infer.py': (
        '{data}/images/val_0.png --text box --config c.py --checkpoint k.pth --out-dir '
        '{out}', ['predictions.json']),
    'make_expressions.py': ('instances.json --split val --out {out}',
                            ['expressions_val.jsonl']),
    'make_pseudo_labels.py': (
        'configs/segvg/segvg_tiny_synthref_l0.py k.pth --annotations '
        '{data}/toy_train.jsonl --labelled {data}/toy_train.jsonl --out {out}',
        ['toy_pseudo_train.jsonl']),
    'make_synthref.py': (
        '--level L0 --seed 0 --sizes train=1,val=1,testA=1,testB=1 --out {out}',
        ['vocab.txt']),
    'prepare_data.py': ('canonical {data}/toy_val.jsonl --out {out}',
                        ['toy_val.jsonl']),
    'print_config.py': ('c.py --save-path {out}/all.py', ['all.py']),
    'test.py': ('c.py k.pth --out {out}/scores.json', ['scores.json']),
    'analysis_tools/analyze_errors.py': ('{out}/card.json', ['card_errors.json']),
    'analysis_tools/benchmark.py': ('c.py --what load --json {out}/f.json', ['f.json']),
    'analysis_tools/benchmark_decoding.py': ('c.py --json {out}/f.json', ['f.json']),
    'analysis_tools/benchmark_metrics.py': ('--json {out}/f.json', ['f.json']),
    'analysis_tools/choose_threshold.py': (
        'configs/segvg/segvg_tiny_synthref_l0.py {data}/vocab.txt --out {out}/t.json',
        ['t.png']),
    'analysis_tools/make_load_data.py': ('--size refcoco --out {out}', ['image.jpg']),
    'analysis_tools/trivial_answers.py': ('c.py --json {out}/f.json', ['f.json'])}
# further outputs of the same tools
MORE = [
    ('build_vocab.py', '{data}/toy_val.jsonl --out {out}/words', 'words.npz'),
    ('check_leakage.py', '--protect {data}/toy_val.jsonl --train canonical '
     '{data}/toy_train.jsonl --weights {out}/k.pth', 'k.pth.prov.json'),
    ('compare.py', 'card.json --markdown {out}/table.md', 'table.md'),
    ('infer.py', '{data}/images/val_0.png --text box --config c.py --checkpoint k.pth '
     '--out-dir {out}', '0000_0_val_0.jpg'),
    ('make_synthref.py', '--level L0 --seed 0 --out {out} --sheet {out}/sheet.png',
     'sheet.png'),
    ('test.py', 'c.py k.pth --card {out}/card.json', 'card.jsonl'),
    ('test.py', 'c.py k.pth --show-dir {out}', '0000_val_0.jpg'),
    ('analysis_tools/analyze_errors.py', '{out}/card.json', 'card_errors.html')]
# tools that resume what they began in a folder of their own, and one that only reads
# a card
RESUMED = {'demo_page.py', 'download.py', 'partial_res.py', 'run_benchmark.py',
           'siri.py', 'train.py', 'train_stages.py', 'analysis_tools/benchmark_all.py',
           'analysis_tools/calibrate_synthref.py'}
OUTPUT = re.compile(
    r"'(--out|--out-dir|--json|--markdown|--card|--save-path|--show-dir|--sheet|"
    r"output)'")


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('outputs') / 'data')


def refused(monkeypatch, capsys, tool, *arguments):
    """Run a tool that must end with exit code 2; return what it prints."""
    monkeypatch.chdir(ROOT)
    # an earlier test may have made a logger that writes elsewhere
    monkeypatch.setattr('mmengine.logging.print_log', lambda text, **_: print(text))
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, tool, *arguments)
    assert stop.value.code == 2
    printed = capsys.readouterr()
    return printed.err + printed.out


def test_all_tools_that_write_files_have_the_flag():
    sources = {str(path.relative_to(ROOT / 'tools')): path.read_text()
               for path in (ROOT / 'tools').rglob('*.py')}
    writing = {name for name, text in sources.items() if OUTPUT.search(text)}
    assert [name for name in sorted(writing - RESUMED)
            if 'add_overwrite(' not in sources[name]
            and '--overwrite' not in sources[name]] == []


@pytest.mark.parametrize('tool, words, name', [
    *((tool, words, name) for tool, (words, names) in CASES.items() for name in names),
    *MORE])
def test_file_that_is_there_is_kept(tool, words, name, data, tmp_path, monkeypatch,
                                    capsys):
    (tmp_path / name).write_text('mine')
    message = refused(monkeypatch, capsys, tool, *words.format(
        data=data, out=tmp_path).split())
    assert (f'{name} exists already: choose another name or folder, or add '
            '--overwrite\n') in message
    assert (tmp_path / name).read_text() == 'mine'
    assert [path.name for path in tmp_path.iterdir() if path.is_file()
            and not path.name.endswith('.report.jsonl')] == [name]


@pytest.mark.parametrize('tool, words', [
    ('compare.py', '{file} --json {file}'),
    ('convert_checkpoint.py', 'detr {file} {file}'),
    ('print_config.py', '{file} --save-path {file}'),
    ('test.py', 'c.py {file} --out {file}'),
    ('check_leakage.py', '--protect {file} --train canonical a.jsonl --out {file}'),
    ('build_vocab.py', '{folder}/toy_val.txt --out {folder}/toy_val'),
    ('prepare_data.py', 'canonical {folder}/toy_val.jsonl --out {folder}'),
    ('infer.py', '{file} {folder}/0000_0_file.jpg --text box --config c.py '
     '--checkpoint k.pth --out-dir {folder}')])
def test_file_that_is_read_is_never_replaced(tool, words, data, tmp_path, monkeypatch,
                                             capsys):
    line = (data / 'toy_val.jsonl').read_bytes()
    for name in ('file', 'toy_val.txt', 'toy_val.jsonl', '0000_0_file.jpg'):
        (tmp_path / name).write_bytes(line)
    message = refused(monkeypatch, capsys, tool, *words.format(
        file=tmp_path / 'file', folder=tmp_path).split(), '--overwrite')
    assert 'is read and would be overwritten' in message
    assert all((tmp_path / name).read_bytes() == line for name in (
        'file', 'toy_val.txt', 'toy_val.jsonl', '0000_0_file.jpg'))


def test_pictures_are_replaced_when_asked(data, tmp_path, monkeypatch, capsys):
    (tmp_path / '000000_0_val_0.jpg').write_text('mine')
    run_tool(monkeypatch, 'browse_dataset.py', data / 'toy_val.jsonl', '--images',
             data / 'images', '--out-dir', tmp_path, '--not-show', '--overwrite')
    assert (tmp_path / '000000_0_val_0.jpg').stat().st_size > 100


def test_a_picture_never_replaces_the_image_it_shows(data, tmp_path, monkeypatch,
                                                     capsys):
    # a copy of the line, whose image is named like the first picture
    text = (data / 'toy_val.jsonl').read_text().splitlines()[0]
    name = '000000_0_000000_0_a.jpg'
    (tmp_path / 'toy_val.jsonl').write_text(text.replace('val_0.png', '000000_0_a.jpg'))
    image = (data / 'images/val_0.png').read_bytes()
    (tmp_path / '000000_0_a.jpg').write_bytes(image)
    (tmp_path / name).hardlink_to(tmp_path / '000000_0_a.jpg')
    message = refused(monkeypatch, capsys, 'browse_dataset.py',
                      tmp_path / 'toy_val.jsonl', '--images', tmp_path, '--out-dir',
                      tmp_path, '--not-show', '--overwrite')
    assert 'is read and would be overwritten' in message
    assert (tmp_path / name).read_bytes() == image
