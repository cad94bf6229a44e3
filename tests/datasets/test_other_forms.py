"""The fixtures of all formats, written in other ways that say the same."""
import json
import pickle
import shutil
from functools import cache

import pytest
import torch

from segvg.annotations.checks import Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.parquet_sources import in_this_process
from tests.datasets.fixture_reading import read_fixture
from tests.toy import ROOT

FIXTURES = ROOT / 'tests/data/fixtures'
FORMATS = sorted(path.parent.name for path in FIXTURES.glob('*/expected.json')
                 if path.parent.name != 'malicious_pickle')
#: Formats of which ``rewrite`` writes a file anew.
REWRITTEN = [name for name in FORMATS if any(
    path.suffix in ('.json', '.jsonl', '.p', '.pth') and path.name != 'expected.json'
    for path in (FIXTURES / name).rglob('*'))]
IN_JSON = [name for name in REWRITTEN if any(
    path.suffix in ('.json', '.jsonl') and path.name != 'expected.json'
    for path in (FIXTURES / name).rglob('*'))]
IDS = {'id', 'image_id', 'ann_id', 'ref_id', 'sent_id', 'sent_ids', 'ann_ids',
       'category_id', 'original_id', 'region_id', 'coco_id'}
WAYS = dict(
    blanks=lambda tree: json.dumps(tree, separators=(' ,  ', ' :\t')),
    escapes=lambda tree: json.dumps(tree, ensure_ascii=True),
    plain=lambda tree: json.dumps(tree, ensure_ascii=False, separators=(',', ':')))


@pytest.fixture(autouse=True)
def parquet_in_this_process():
    """Begin no process for each file; test_fixtures.py reads them as users do."""
    with in_this_process():
        yield


@pytest.fixture
def copied(tmp_path):
    """Return a copy of a fixture, its ``expected.json`` and what is read of it."""
    def copy(name):
        shutil.copytree(FIXTURES / name, tmp_path / name)
        (tmp_path / '_images').symlink_to(FIXTURES / '_images')
        expected = json.loads((FIXTURES / name / 'expected.json').read_text())
        return tmp_path / name, expected
    return copy


@cache
def read_unchanged(name):
    """What a fixture holds as it is, for tests that only compare with it."""
    folder = FIXTURES / name
    return read_fixture(folder, json.loads((folder / 'expected.json').read_text()))


def change_values(value, change, key=None):
    """Return a tree with every leaf changed, given its key."""
    if isinstance(value, dict):
        return {name: change_values(part, change, name)
                for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(change_values(part, change, key) for part in value)
    return change(key, value)


def rewritten_line(line, changed, dump):
    try:
        return dump(changed(json.loads(line)))
    except ValueError:
        return line.decode()


def rewrite(folder, change=None, dump=json.dumps, protocol=None):
    """Write the JSON files, pickles and .pth files of a folder anew.

    Pickles and .pth files that neither ``change`` nor ``protocol`` is for stay.
    """
    def changed(tree):
        return tree if change is None else change_values(tree, change)
    for path in folder.rglob('*'):
        if path.name == 'expected.json' or not path.is_file():
            continue
        if path.suffix in ('.json', '.jsonl'):
            data = path.read_bytes()
            try:
                path.write_text(dump(changed(json.loads(data))) + '\n', 'utf-8')
            except ValueError:  # a line each, one of which may be broken on purpose
                path.write_text('\n'.join(
                    rewritten_line(line, changed, dump) for line in data.splitlines()
                ) + '\n', 'utf-8')
        elif path.suffix == '.p' and (change, protocol) != (None, None):
            tree = pickle.loads(path.read_bytes(), encoding='latin1')
            path.write_bytes(pickle.dumps(
                changed(tree), 2 if protocol is None else protocol))
        elif path.suffix == '.pth' and change is not None:
            torch.save(changed(torch.load(path, weights_only=True)), path)


def places(findings):
    return [(finding.code, finding.file, finding.at, finding.action)
            for finding in findings]


@pytest.mark.slow
@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('name', IN_JSON)
def test_whatever_json_allows_is_read(copied, name, way):
    folder, expected = copied(name)
    before = read_unchanged(name)
    rewrite(folder, dump=WAYS[way])
    after = read_fixture(folder, expected)
    assert after[0] == before[0] and after[2] == before[2]
    # a canonical file that was written anew is not what its meta file says
    changed = [place for place in places(after[1]) if place[0] != 'count_mismatch']
    assert changed == [place for place in places(before[1])
                       if place[0] != 'count_mismatch']


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('name', [
    name for name in FORMATS if list((FIXTURES / name).rglob('*.p'))])
def test_pickles_of_every_protocol_are_read(copied, name, protocol):
    folder, expected = copied(name)
    before = read_unchanged(name)
    rewrite(folder, protocol=protocol)
    after = read_fixture(folder, expected)
    assert after[0] == before[0]
    of_python_2 = 'bytes_decoded_latin1'  # text of later protocols is known to be text
    assert [place for place in places(after[1]) if place[0] != of_python_2] == [
        place for place in places(before[1]) if place[0] != of_python_2]


def words_of(samples):
    return [str(sample['text']) for sample in samples]


def boxes_of(samples):
    return [[target['bbox'] for target in sample['targets']] for sample in samples]


@pytest.mark.parametrize('protocol', [3, 4, 5])
@pytest.mark.parametrize('name', [
    name for name in FORMATS if list((FIXTURES / name).rglob('*.p'))])
def test_accents_in_pickles_of_python_3_are_kept(copied, name, protocol):
    folder, expected = copied(name)
    rewrite(folder, lambda key, value: f'Kästchen–人 {value}' if (
        key in ('raw', 'sent') and value.strip()) else value, protocol=protocol)
    texts = words_of(read_fixture(folder, expected)[0])
    assert texts and all(text.startswith('Kästchen–人 ') for text in texts)


@pytest.mark.slow
@pytest.mark.parametrize('as_written', [str, float])
@pytest.mark.parametrize('name', REWRITTEN)
def test_ids_written_as_text_or_with_a_point_cost_nothing(copied, name, as_written):
    folder, expected = copied(name)
    before = read_unchanged(name)
    rewrite(folder, lambda key, value: as_written(value) if (
        key in IDS and type(value) is int and value >= 0) else value)
    after = read_fixture(folder, expected)
    assert words_of(after[0]) == words_of(before[0])
    assert boxes_of(after[0]) == boxes_of(before[0])


# Without these: their files give no sizes, so the images have to be where they say.
@pytest.mark.slow
@pytest.mark.parametrize('name', [name for name in REWRITTEN if name not in (
    'resc_pth', 'reftr_pth', 'own_resc', 'own_reftr')])
def test_backslashes_of_windows_are_slashes(copied, name):
    folder, expected = copied(name)
    expected['image_root'] = None

    def moved(slash):
        return lambda key, value: f'media{slash}2 up{slash}{value}' if (
            key in ('file_name', 'filename', 'img_path', 'file')
            and isinstance(value, str) and value.endswith(('.jpg', '.png'))
        ) else value
    rewrite(folder, moved('/'))
    before = read_fixture(folder, expected)
    shutil.rmtree(folder)
    shutil.copytree(FIXTURES / name, folder)
    rewrite(folder, moved('\\'))
    after = read_fixture(folder, expected)
    assert words_of(after[0]) == words_of(before[0])
    assert [sample['image']['file'] for sample in after[0]] == [
        sample['image']['file'] for sample in before[0]]


@pytest.mark.parametrize('name', [name for name in FORMATS if name not in (
    'canonical', 'own_canonical')])  # there an image has the id that the file gives it
def test_own_images_are_told_by_their_names_alone(name):
    expected = json.loads((FIXTURES / name / 'expected.json').read_text())
    read = expected['read']
    options = ReadOptions(
        images=FIXTURES / name / expected['image_root'] if (
            read.get('check_images', True)) else None,
        image_dirs=tuple(read.get('image_dirs', ('',))), dataset=read.get('dataset'),
        partition=read.get('split_by'),
        **{**read.get('options', {}), 'images_are': 'own'})
    ids = [line['image']['id'] for source in READERS[expected['format']](
               [FIXTURES / name / read.get('source', '.')], options)
           for line in read_lines(source, Report(), options)]
    assert ids and all(found.startswith('file:') for found in ids)
