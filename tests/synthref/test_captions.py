import hashlib
import json
import re
from collections import Counter
from dataclasses import replace

import pytest
from mmengine.config import Config

from segvg.annotations.checks import Check, Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.readers import READERS, ReadOptions
from segvg.datasets import GroundingDataset
from segvg.synthref import generate, write_captions
from segvg.synthref.captions import CAPTIONS, CaptionWriter, phrase_types
from segvg.synthref.compound.composer import names_held_out
from segvg.synthref.compound.crowds import is_held_out
from segvg.synthref.facts import members_of
from segvg.synthref.forms import The, from_json
from segvg.synthref.grammar import load_vocabulary
from segvg.synthref.levels import SPLITS
from segvg.synthref.parser import parse
from segvg.synthref.render import full_mask, render
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import denote
from segvg.synthref.streams import Stream
from tests.synthref.mask_evaluator import evaluate, see_scene
from tests.toy import ROOT

pytestmark = pytest.mark.slow

FIRST = [
    'the green object and a circle',
    'these are a square, the triangle and the circle',
    'rightmost red object and red square',
    'in this image you can see the leftmost object, the triangle and an object that is '
    'yellow']
SIZES = dict(train=5, val=3, testA=3, testB=2)


@pytest.fixture(scope='module')
def captions(all_records):
    """(level, record, captions) of every image."""
    found = []
    for number, (level, record) in enumerate(all_records):
        stream = Stream(3, level.number, SPLITS.index(record.split), number, 'captions')
        found.append((level, record, CaptionWriter(
            record.scene, level, record.split, stream).write()))
    return found


def each(captions):
    return [(level, record, caption) for level, record, found in captions
            for caption in found]


def test_nearly_every_image_has_its_captions(captions):
    numbers = Counter(len(found) for _, _, found in captions)
    assert set(numbers) <= {0, 1, CAPTIONS}
    assert numbers[CAPTIONS] >= 0.98 * len(captions)
    for _, _, found in captions:
        texts = [caption.wording.sent for caption in found]
        assert len(texts) == len(set(texts))


def test_phrases_denote_different_objects(captions):
    for _, record, caption in each(captions):
        parts = [denote(part, record.scene) for part in caption.form.parts]
        assert 2 <= len(parts) <= 4 and all(parts)
        assert sum(map(len, parts)) == len(caption.targets)
        assert set(caption.targets) == set().union(*parts)
        assert [set(members_of(phrase.objects)) for phrase in caption.wording.phrases
                ] == parts


def test_words_are_read_back_whole_and_phrase_by_phrase(captions):
    """A phrase says by itself what it is about: no word of it is outside its span."""
    for _, _, caption in each(captions):
        wording = caption.wording
        assert parse(wording.sent) == caption.form, wording
        said = [wording.raw[begin:end] for (begin, end), _ in wording.phrases]
        assert [parse(text[0].lower() + text[1:]) for text in said] == list(
            caption.form.parts)


def test_evaluator_on_masks_agrees(captions):
    total = missed = 0
    for _, record, found in captions[::3]:
        scene = replace(record.scene, noise=dict(sigma=0, seed=0))
        picture, masks = render(scene)
        seen = see_scene(picture, [full_mask(scene, index)
                                   for index in range(len(masks))], masks)
        for caption in found:
            for part, (_, bits) in zip(caption.form.parts, caption.wording.phrases):
                total += 1
                missed += evaluate(part, seen, masks) != set(members_of(bits))
    assert total > 500
    assert missed <= 0.002 * total


def test_held_out_combinations_are_named_in_test_a_only(captions):
    for level, record, caption in each(captions):
        held = any(is_held_out(record.scene.objects[index], level)
                   for index in caption.targets)
        assert held == (record.split == 'testA')
        assert held or not names_held_out(caption.form, level)


def test_every_place_of_the_text_and_every_type_occurs(captions):
    types = {}
    for level, record, caption in each(captions):
        types.setdefault(level.name, set()).update(phrase_types(caption, record.scene))
    assert types['L0'] == {'attribute', 'side'}
    assert types['L1'] == {'attribute', 'side', 'place', 'extent'}
    assert types['L2'] == types['L3'] == types['L1'] | {'ordinal', 'plural'}


def test_order_of_phrases_tells_nothing(captions):
    """The first phrase is about any object of the scene."""
    for axis in ('cx', 'radius', 'depth'):
        first = [getattr(record.scene.objects[i], axis) < getattr(
            record.scene.objects[j], axis)
            for level, record, caption in each(captions) if isinstance(
                caption.form.parts[0], The) and isinstance(caption.form.parts[1], The)
            for i, j in [[next(iter(denote(part, record.scene)))
                          for part in caption.form.parts[:2]]]]
        assert len(first) > 300
        assert abs(sum(first) / len(first) - 0.5) < 0.08


def test_every_word_is_in_the_vocabulary(captions):
    vocabulary = set(load_vocabulary())
    for _, _, caption in each(captions):
        wording = caption.wording
        assert set(re.findall(r'\w+|[^\w\s]', wording.raw.lower())) <= vocabulary


# on disk

@pytest.fixture(scope='module', params=['L0', 'L3'])
def data(request, tmp_path_factory):
    """Level, folder, hashes of the files before there were captions, meta."""
    out = tmp_path_factory.mktemp('captions')
    generate(out, request.param, 0, SIZES)
    before = hashes(out)
    return request.param, out, before, write_captions(out, request.param)


def hashes(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob('*') if path.is_file()}


def test_files_of_the_data_set_stay_as_they_are(data):
    level, out, before, _ = data
    after = hashes(out)
    assert before.items() <= after.items()
    assert {path.name for path in after.keys() - before.keys()} == {
        'captions.jsonl', f'synthref_{level}_captions.meta.json', *(
            f'synthref_{level}_captions_{split}.jsonl{end}' for split in SPLITS
            for end in ('', '.idx.npy'))}


def test_lines_match_forms_scenes_and_instances(data):
    level, out, _, meta = data
    folder = out / f'synthref_{level}'
    scenes = {line['image_id']: line for line in map(
        json.loads, (folder / 'scenes.jsonl').read_text().splitlines())}
    forms = {name: said for line in map(
        json.loads, (folder / 'captions.jsonl').read_text().splitlines())
        for name, said in line['captions'].items()}
    instances = json.loads((folder / 'instances.json').read_text())['annotations']
    known = {item['id']: item for item in instances}
    seen = 0
    for split in SPLITS:
        path = out / f'canonical/synthref_{level}_captions_{split}.jsonl'
        for line in map(json.loads, path.read_text().splitlines()):
            assert (out / 'images' / line['image']['file']).is_file()
            scene = scenes[int(line['image']['id'].removeprefix('synth:'))]
            assert line['split'] == scene['split'] == split
            ids = [item['ann_id'] for item in scene['objects']]
            for item in line['instances']:
                x, y, width, height = known[item['id']]['bbox']
                assert item['bbox'] == [x, y, x + width, y + height]
                assert known[item['id']]['segmentation'] in item['segm'].values()
            for caption in line['exprs']:
                form = from_json(forms[caption['id']]['form'])
                for part, phrase in zip(form.parts, caption['phrases']):
                    assert [line['instances'][i]['id'] for i in phrase['targets']] == [
                        ids[i] for i in sorted(denote(part, Scene.from_dict(scene)))]
                seen += 1
    assert seen == len(forms) == sum(
        counts['captions'] for counts in meta['counts'].values())


def test_data_set_gives_captions_with_phrases(data):
    level, out, _, meta = data
    path = out / f'canonical/synthref_{level}_captions_val.jsonl'
    dataset = GroundingDataset(str(path), sample_by='caption')
    assert len(dataset) == meta['counts']['val']['captions']
    for info in map(dataset.get_data_info, range(len(dataset))):
        (caption,) = info['expressions']
        assert not caption['no_target'] and len(caption['phrases']) >= 2
        assert {i for phrase in caption['phrases'] for i in phrase['targets']} == set(
            range(len(info['instances']))) == set(caption['targets'])


def test_lines_pass_all_checks(data):
    _, out, _, _ = data
    report, options = Report(), ReadOptions(check=Check.FULL, images=out / 'images')
    lines = [line for source in READERS['canonical']([out / 'canonical'], options)
             if 'captions' in source.name
             for line in read_lines(source, report, options)]
    assert len(lines) == sum(SIZES.values()) and not report.findings


def test_same_call_again_does_nothing_and_a_broken_file_is_made_again(data):
    level, out, _, meta = data
    path = out / f'canonical/synthref_{level}_captions_val.jsonl'
    stamp, content = path.stat().st_mtime_ns, path.read_bytes()
    assert write_captions(out, level) == meta
    assert path.stat().st_mtime_ns == stamp
    path.write_bytes(content[:-40])
    assert write_captions(out, level) == meta
    assert path.read_bytes() == content


def test_captions_go_with_the_data_set_that_they_are_of(tmp_path):
    sizes = dict(train=3, val=2, testA=0, testB=0)
    generate(tmp_path, 'L0', 0, sizes)
    first = write_captions(tmp_path, 'L0')
    generate(tmp_path, 'L0', 1, sizes, overwrite=True)
    assert not [path for path in tmp_path.rglob('*') if 'captions' in path.name]
    assert write_captions(tmp_path, 'L0')['sources'] != first['sources']


def test_first_captions_never_change(tmp_path):
    """Captions of version 1.0; a change needs a new version."""
    generate(tmp_path, 'L0', 0, dict(train=2, val=0, testA=0, testB=0))
    write_captions(tmp_path, 'L0')
    lines = (tmp_path / 'synthref_L0/captions.jsonl').read_text().splitlines()
    assert [said['sent'] for line in lines
            for said in json.loads(line)['captions'].values()] == FIRST


def test_config_reads_them_for_phrase_grounding():
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/synthref_l0_captions.py')
    for name in ('train', 'val', 'test'):
        dataset = cfg[f'{name}_dataloader'].dataset
        assert dataset.sample_by == 'caption'
        assert dataset.ann_file.startswith('canonical/synthref_L0_captions_')
    assert cfg.val_evaluator.type == 'PhraseRecall'
