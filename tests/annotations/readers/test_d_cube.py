"""D-cube: sentences asked about the images of their groups, and every finding."""
import os
import pickle

import pytest

from segvg.annotations.files.errors import AnnotationFileError, UnsafeFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    COCO_FILE,
    annotation,
    brief,
    exprs_of,
    image,
    read,
    write_json,
)

BOXES = 'd3_json/d3_full_annotations.json'
SENTENCES, GROUPS = 'd3_pkl/sentences.pkl', 'd3_pkl/groups.pkl'


def box(ann_id=1, sent_id=1, image_id=101, **changes):
    return annotation(ann_id, image_id, **{
        'category_id': sent_id, 'segmentation': [], **changes})


def sentence(number=1, raw='a man', **changes):
    return {'id': number, 'raw_sent': raw, 'is_negative': False, **changes}


def group(images=(101, ), sentences=(1, ), **changes):
    return {'id': 0, 'scene': ['street'], 'img_id': list(images),
            'inner_sent_id': list(sentences), **changes}


def read_groups(root, boxes=(), sentences=None, groups=None, images=None):
    """Lines and findings of a folder; sentences 1 and 2 exist unless others are given.
    """
    write_json(root / BOXES, dict(
        images=[image()] if images is None else images, annotations=list(boxes),
        categories=[dict(id=number, name=str(number)) for number in range(1, 10)]))
    if sentences is None:
        sentences = {1: sentence(), 2: sentence(2, 'no ball', is_negative=True)}
    (root / 'd3_pkl').mkdir()
    for name, content in ((SENTENCES, sentences),
                          (GROUPS, {0: group()} if groups is None else groups)):
        (root / name).write_bytes(pickle.dumps(content))
    lines, findings = read('d_cube', root)
    return lines, [one for one in brief(findings) if one[0] != 'mask_missing']


def asked(lines):
    """Id, part and number of targets of each expression."""
    return [(one['id'], one['source'], len(one['targets'])) for one in exprs_of(lines)]


def test_every_sentence_of_a_group_is_asked_about_each_of_its_images(tmp_path):
    lines, findings = read_groups(
        tmp_path, [box(1), box(2, bbox=[30, 4, 20, 30]), box(3, 2, 102)],
        groups={0: group((101, 102), (1, 2))}, images=[image(), image(102)])
    assert findings == []
    assert asked(lines) == [('101_1', 'presence', 2), ('101_2', 'absence', 0),
                            ('102_1', 'presence', 0), ('102_2', 'absence', 1)]
    assert [line['split'] for line in lines] == ['test', 'test']
    assert lines[0]['image']['file'] == COCO_FILE
    first = exprs_of(lines)[0]
    assert (first['ref_id'], first['text'], first['src']) == (1, 'a man', [2, 0])
    assert [one['bbox'] for one in lines[0]['instances']] == [
        [4, 4, 24, 34], [30, 4, 50, 34]]


def test_other_fields_of_a_sentence_are_kept_and_repeated_ones_are_not(tmp_path):
    lines, _ = read_groups(tmp_path, sentences={
        1: sentence(anno_id=[1], group_id=[0], sent_len=2)})
    assert exprs_of(lines)[0]['extra'] == dict(sent_len=2)


def test_a_pair_of_two_groups_is_asked_twice_and_noted(tmp_path):
    lines, findings = read_groups(tmp_path, [box()], groups={0: group(), 1: group()})
    assert [one['id'] for one in exprs_of(lines)] == ['101_1', '101_1#1']
    assert findings == [('id_duplicate', GROUPS, '[1]', 'keep')]


def test_box_of_a_sentence_that_is_not_asked_is_dropped(tmp_path):
    lines, findings = read_groups(
        tmp_path, [box(), box(2, 2), box(3, 1, 102)], images=[image(), image(102)])
    assert findings == [('object_not_asked', BOXES, f'annotations[{number}]',
                         'box_dropped') for number in (1, 2)]
    assert asked(lines) == [('101_1', 'presence', 1)]
    assert len(lines[0]['instances']) == 1


SKIPPED = dict(
    dangling_sentence=(dict(groups={0: group((101, ), (1, 7))}), GROUPS, '[0]',
                       'dangling_sentence'),
    dangling_image=(dict(groups={0: group((101, 7))}), GROUPS, '[0]',
                    'dangling_image'),
    no_words=(dict(groups={0: group((101, ), (1, 3))}, sentences={
        1: sentence(), 3: dict(is_negative=False)}), GROUPS, '[0]', 'missing_field'),
    odd_words=(dict(groups={0: group((101, ), (1, 3))}, sentences={
        1: sentence(), 3: sentence(3, 7)}), GROUPS, '[0]', 'bad_type'),
    odd_sign=(dict(groups={0: group((101, ), (1, 3))}, sentences={
        1: sentence(), 3: sentence(3, is_negative='no')}), GROUPS, '[0]', 'bad_type'),
    no_record=(dict(groups={0: group((101, ), (1, 3))}, sentences={
        1: sentence(), 3: 'a man'}), GROUPS, '[0]', 'bad_type'),
    blank=(dict(groups={0: group((101, ), (1, 3))}, sentences={
        1: sentence(), 3: sentence(3, ' ')}), GROUPS, '[0]', 'expr_empty'),
    flat_box=(dict(groups={0: group((101, ), (1, 2))}, boxes=[
        box(), box(2, 2, bbox=[4, 4, 0, 30])]), GROUPS, '[0]', 'box_degenerate'),
    odd_group=(dict(groups={0: group(), 1: group(['x'])}), GROUPS, '[1]', 'bad_type'),
    no_group=(dict(groups={0: group(), 'a': 7}), GROUPS, "['a']", 'bad_type'))


@pytest.mark.parametrize('name', SKIPPED)
def test_pair_is_skipped(tmp_path, name):
    given, file, place, code = SKIPPED[name]
    lines, findings = read_groups(tmp_path, **{'boxes': [box()], **given})
    assert (code, file, place, 'skip') in findings
    assert asked(lines) == [('101_1', 'presence', 1)]


class Evil:
    """Pickles to a call."""

    def __reduce__(self):
        return os.mkdir, ('called', )


@pytest.mark.parametrize('which', ['sentences', 'groups'])
def test_pickle_that_asks_for_a_call_is_refused(tmp_path, monkeypatch, which):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnsafeFileError, match=f'{which}.pkl.*mkdir'):
        read_groups(tmp_path, **{which: {1: Evil()}})
    assert not (tmp_path / 'called').exists()


def test_pickle_of_another_shape_is_an_error(tmp_path):
    with pytest.raises(AnnotationFileError, match='groups.pkl'):
        read_groups(tmp_path, groups=[group()])


def test_the_three_files_are_needed_in_folders_or_beside_each_other(tmp_path):
    read_groups(tmp_path, [box()])
    for name in (BOXES, SENTENCES, GROUPS):
        (tmp_path / name).rename(tmp_path / name.partition('/')[2])
    assert len(exprs_of(read('d_cube', tmp_path)[0])) == 1
    (tmp_path / 'groups.pkl').unlink()
    with pytest.raises(FileNotFoundError, match='expected to hold .*d3_pkl/groups'):
        READERS['d_cube']([tmp_path], ReadOptions())
