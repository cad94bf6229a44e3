import hashlib
import json
import pickle
import pickletools
from functools import cache

import pytest

from segvg.annotations.canonical import CanonicalFile
from segvg.datasets import GroundingDataset
from segvg.synthref.forms import from_json
from segvg.synthref.generate import generate
from segvg.synthref.levels import LEVELS, SPLITS
from segvg.synthref.outputs import number_records
from segvg.synthref.parser import parse
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import denote
from segvg.synthref.summary import check_overlap
from tests.synthref.conftest import SIMPLE

pytestmark = pytest.mark.slow

SIZES = dict.fromkeys(('L0', 'L1', 'L2'), dict(train=20, val=5, testA=5, testB=5))
SIZES['L3'] = dict(train=15, val=6, testA=5, testB=4)
TEXT_FILES = ('scenes.jsonl', 'instances.json', 'refs(synth).p', 'grefs(synth).json')


@pytest.fixture(scope='module')
def make(tmp_path_factory):
    """A function that makes a small data set of a level, once: (folder, manifest)."""
    @cache
    def made(level):
        out = tmp_path_factory.mktemp('synthref')
        return out, generate(out, level, 0, SIZES[level]).manifest
    return made


@pytest.fixture(scope='module', params=SIZES)
def data(request, make):
    """A small data set of each level: (level, folder, manifest)."""
    return request.param, *make(request.param)


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_layout_is_the_documented_one(data):
    level, out, _ = data
    name = f'synthref_{level}'
    assert {path.name for path in (out / name).iterdir()} == {
        *TEXT_FILES, 'manifest.json'}
    images = sorted(path.name for path in (out / 'images' / name).iterdir())
    first, total = LEVELS[level].first_image_id, sum(SIZES[level].values())
    assert images == [f'synth_{number:012d}.jpg'
                      for number in range(first, first + total)]
    assert {path.name for path in (out / 'canonical').iterdir()} == {
        f'{name}.meta.json', *(f'{name}_{split}.jsonl{end}' for split in SPLITS
                               for end in ('', '.idx.npy'))}
    assert (out / 'vocab.txt').read_text().startswith('[PAD]\n[UNK]\n')


def test_manifest_describes_the_files(data):
    level, out, manifest = data
    for name, facts in manifest['files'].items():
        content = (out / name).read_bytes()
        assert facts == dict(bytes=len(content),
                             sha256=hashlib.sha256(content).hexdigest())
    assert json.loads((out / f'synthref_{level}/manifest.json').read_text()) == manifest
    assert {split: facts['images'] for split, facts in manifest['splits'].items()
            } == SIZES[level]
    assert manifest['overlap']['held_out_objects'] == 0
    assert all(shared == dict(scenes=0, sentences=0)
               for shared in manifest['overlap']['shared'].values())
    assert manifest['overlap']['fewest_in_training']['colour'] >= (
        5 if level in SIMPLE else 1)


def test_canonical_lines_match_scenes_and_instances(data):
    level, out, manifest = data
    scenes = {line['image_id']: line
              for line in read_lines(out / f'synthref_{level}/scenes.jsonl')}
    instances = json.loads((out / f'synthref_{level}/instances.json').read_text())
    annotations = {item['id']: item for item in instances['annotations']}
    assert len(annotations) == sum(len(line['objects']) for line in scenes.values())
    names = {item['id']: item['name'] for item in instances['categories']}
    expressions = 0
    for split in SPLITS:
        for line in CanonicalFile(out / f'canonical/synthref_{level}_{split}.jsonl'):
            scene = scenes[int(line['image']['id'].removeprefix('synth:'))]
            assert scene['split'] == line['split'] == split
            assert (out / 'images' / line['image']['file']).is_file()
            shapes = {item['ann_id']: item['shape'] for item in scene['objects']}
            for item in line['instances']:
                x, y, width, height = annotations[item['id']]['bbox']
                assert item['bbox'] == [x, y, x + width, y + height]
                assert names[item['category_id']] == shapes[item['id']]
            rebuilt = Scene.from_dict(scene)
            for expression in line['exprs']:
                facts = scene['sentences'][str(expression['id'])]
                form = from_json(facts['form'])
                assert parse(expression.get('sent', expression['text'])) == form
                ann_ids = {line['instances'][i]['id'] for i in expression['targets']}
                assert ann_ids == {scene['objects'][i]['ann_id']
                                   for i in denote(form, rebuilt)}
            expressions += len(line['exprs'])
    assert expressions == sum(facts['sentences']
                              for facts in manifest['splits'].values())


def canonical_samples(out, level):
    """Numbers, texts, box and mask of every sentence with one target, in order."""
    for split in SPLITS:
        for line in CanonicalFile(out / f'canonical/synthref_{level}_{split}.jsonl'):
            for item in line['exprs']:
                if len(item['targets']) == 1:
                    target = line['instances'][item['targets'][0]]
                    yield (line['image']['file'].split('/')[1], split, item['ref_id'],
                           item['id'], item['text'], item.get('sent', item['text']),
                           target['id'], target['bbox'], next(
                               iter(target['segm'].values())))


def test_refer_form_holds_the_same_samples_in_the_same_order(data):
    level, out, _ = data
    folder = out / f'synthref_{level}'
    instances = json.loads((folder / 'instances.json').read_text())
    images = {item['id']: item['file_name'] for item in instances['images']}
    annotations = {item['id']: item for item in instances['annotations']}
    found, objects = [], []
    for ref in pickle.loads((folder / 'refs(synth).p').read_bytes()):
        item = annotations[ref['ann_id']]
        assert item['category_id'] == ref['category_id']
        assert ref['sent_ids'] == [each['sent_id'] for each in ref['sentences']]
        x, y, width, height = item['bbox']
        objects.append((ref['image_id'], ref['ann_id']))
        for each in ref['sentences']:
            assert each['tokens'] == each['sent'].split()
            found.append((images[ref['image_id']], ref['split'], ref['ref_id'],
                          each['sent_id'], each['raw'], each['sent'], ref['ann_id'],
                          [x, y, x + width, y + height], item['segmentation']))
    assert len(objects) == len(set(objects))
    assert found == list(canonical_samples(out, level))


def test_pickle_is_plain_and_of_protocol_two(data):
    level, out, _ = data
    content = (out / f'synthref_{level}' / 'refs(synth).p').read_bytes()
    codes = [(code.name, value) for code, value, _ in pickletools.genops(content)]
    assert codes[0] == ('PROTO', 2)
    assert not {'GLOBAL', 'STACK_GLOBAL', 'REDUCE', 'NEWOBJ', 'INST', 'OBJ'} & {
        name for name, _ in codes}


def test_grefcoco_form_holds_all_sentences(data):
    level, out, manifest = data
    refs = json.loads((out / f'synthref_{level}' / 'grefs(synth).json').read_text())
    assert sum(len(ref['sentences']) for ref in refs) == sum(
        facts['sentences'] for facts in manifest['splits'].values())
    kinds = {kind: 0 for kind in ('none', 'single', 'multi')}
    for ref in refs:
        assert ref['no_target'] == (ref['ann_id'] == [-1])
        kind = 'none' if ref['no_target'] else (
            'single' if len(ref['ann_id']) == 1 else 'multi')
        kinds[kind] += len(ref['sentences'])
    for kind, number in kinds.items():
        assert number == sum(facts['kinds'].get(kind, 0)
                             for facts in manifest['splits'].values())


def test_same_call_again_does_nothing(data):
    level, out, manifest = data
    stamp = (out / f'synthref_{level}/scenes.jsonl').stat().st_mtime_ns
    assert generate(out, level, 0, SIZES[level]) == (manifest, True)
    assert (out / f'synthref_{level}/scenes.jsonl').stat().st_mtime_ns == stamp


def test_other_arguments_are_refused_and_overwrite_replaces(tmp_path):
    sizes = dict(train=6, val=2, testA=0, testB=0)
    first = generate(tmp_path, 'L0', 0, sizes).manifest
    with pytest.raises(FileExistsError, match='made with seed 0 instead of 1.*--out'):
        generate(tmp_path, 'L0', 1, sizes)
    with pytest.raises(FileExistsError, match='format all instead of refer'):
        generate(tmp_path, 'L0', 0, sizes, format='refer')
    second = generate(tmp_path, 'L0', 1, dict(sizes, train=3), format='refer',
                      overwrite=True).manifest
    assert not any((tmp_path / 'canonical').iterdir())
    assert len(list((tmp_path / 'images/synthref_L0').iterdir())) == 5
    assert set(second['splits']) == {'train', 'val'} == set(first['splits'])
    assert second['splits']['val']['pixels_sha256'] != (
        first['splits']['val']['pixels_sha256'])


def test_unfinished_data_set_is_made_again(tmp_path):
    sizes = dict(train=4, val=0, testA=0, testB=0)
    manifest = generate(tmp_path, 'L0', 0, sizes).manifest
    (tmp_path / 'images/synthref_L0/synth_000000000002.jpg').unlink()
    assert generate(tmp_path, 'L0', 0, sizes) == (manifest, False)
    (tmp_path / 'synthref_L0/manifest.json').unlink()
    assert generate(tmp_path, 'L0', 0, sizes) == (manifest, False)


@pytest.mark.parametrize('level', ['L0', 'L1', 'L2', 'L4'])
def test_images_are_the_same_with_two_workers(tmp_path, level, monkeypatch):
    monkeypatch.setitem(generate.__globals__, '_CHUNK', 2)  # each makes some
    sizes = dict(train=5, val=1, testA=1, testB=1)
    one = generate(tmp_path / 'one', level, 4, sizes).manifest
    two = generate(tmp_path / 'two', level, 4, sizes, workers=2).manifest
    assert one == two
    for name in one['files']:
        assert (tmp_path / 'one' / name).read_bytes() == (
            tmp_path / 'two' / name).read_bytes()


def test_files_of_l0_never_change(make):
    """Those of version 1.0, which trained models and published figures rest on."""
    out, _ = make('L0')
    found = {name: short_hash(out / name) for name in (
        'synthref_L0/scenes.jsonl', 'synthref_L0/manifest.json',
        'canonical/synthref_L0_train.jsonl')}
    assert found == {'synthref_L0/scenes.jsonl': '118679ea84a1e7f4',
                     'synthref_L0/manifest.json': 'cf93f5ad2ce2d4d1',
                     'canonical/synthref_L0_train.jsonl': '05a5ad7f11378998'}


@pytest.mark.parametrize(
    ('level', 'expected'), [('L1', 'b51cbd34f5b1b760'), ('L2', 'a2662b612e544a17')])
def test_scenes_of_calibrated_levels_never_change(make, level, expected):
    """Those of version 1.1; a change needs a new version."""
    out, _ = make(level)
    assert short_hash(out / f'synthref_{level}/scenes.jsonl') == expected


def short_hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def test_a_larger_training_split_leaves_the_others_alone(tmp_path):
    small, large = (generate(tmp_path / str(number), 'L0', 0, dict(
        train=number, val=5, testA=0, testB=0), format='refer').manifest
        for number in (2, 6))
    assert small['splits']['val'] | dict(ceilings=0) == (
        large['splits']['val'] | dict(ceilings=0))


def test_image_size_and_number_of_sentences(tmp_path):
    generate(tmp_path, 'L0', 0, dict(train=2, val=0, testA=0, testB=0), (80, 70),
             sentences=5)
    lines = read_lines(tmp_path / 'canonical/synthref_L0_train.jsonl')
    assert all(line['image']['width'] == 80 and line['image']['height'] == 70
               and len(line['exprs']) == 5 for line in lines)


def test_images_of_another_level_are_not_left_out(tmp_path):
    sizes = dict(train=4, val=2, testA=0, testB=0)
    for level in ('L0', 'L1'):
        generate(tmp_path, level, 0, sizes)
    names = [str(tmp_path / f'canonical/synthref_{name}.jsonl')
             for name in ('L0_train', 'L0_val', 'L1_val')]
    assert GroundingDataset(names[0], exclude_images_of=names[1:]).num_excluded == 0
    with pytest.raises(ValueError, match='nothing is left of'):
        GroundingDataset(names[0], exclude_images_of=[names[0]])


@pytest.mark.parametrize('arguments, message', [
    (dict(level='L6'), 'does not exist'), (dict(seed=-1), 'seed is -1'),
    (dict(format='coco'), "format is 'coco'"),
    (dict(sizes=dict(test=3)), "split 'test' in sizes"),
    (dict(sizes=dict(val=-3)), '-3 images asked for val'),
    (dict(sizes=dict.fromkeys(SPLITS, 0)), 'all splits have the size 0'),
    (dict(sentences=0), '0 sentences an image'),
    (dict(image_size=(32, 64)), r'image_size is \(32, 64\)')])
def test_wrong_argument_is_named(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        generate(tmp_path, **{'level': 'L0', 'seed': 0, **arguments})
    assert not any(tmp_path.iterdir())


def test_shared_scenes_and_held_out_pairs_are_found(records):
    level, splits = LEVELS['L0'], records['L0']
    with pytest.raises(RuntimeError, match='train/val'):
        check_overlap(dict(train=splits['train'], val=splits['train'][:1]), level)
    with pytest.raises(RuntimeError, match='held_out_objects'):
        check_overlap(dict(train=splits['testA']), level)
    with pytest.raises(RuntimeError, match='testA_targets_not_held_out'):
        check_overlap(dict(testA=splits['val']), level)


def test_numbers_run_through_all_splits(records):
    entries = list(number_records(
        (record for items in records['L1'].values() for record in items), 8))
    assert [entry.image_id for entry in entries] == list(range(8, len(entries) + 8))
    for found in ([ann_id for entry in entries for ann_id in entry.ann_ids],
                  [ref.ref_id for entry in entries for ref in entry.refs],
                  [number for entry in entries for ref in entry.refs
                   for number, _ in ref.sentences]):
        assert found == list(range(1, len(found) + 1))
