"""The data set class: what a sample is, which samples there are, messages."""
import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from PIL import Image
from torch.utils.data import DataLoader

from segvg.annotations.canonical import CanonicalWriter
from segvg.annotations.line_index import index_path, load_index
from segvg.annotations.sources import COMMANDS, prepare_command
from segvg.datasets import GroundingDataset
from segvg.datasets.grounding_dataset import inclusive_corners, truncate_xywh
from segvg.datasets.transforms import LoadImageFromFile
from segvg.registry import DATASETS
from segvg.structures.images import BrokenImageError

LINES = [
    dict(image=dict(id='coco:1', file='a.jpg', width=64, height=48, alt=['x/b.jpg']),
         split='val',
         instances=[dict(id=7, bbox=[4.2, 4, 24.8, 34], category_id=1, iscrowd=1),
                    dict(id=8, bbox=None, segm={'file': 'masks/8.png'}),
                    dict(id=9, bbox=[0, 0, 9, 9], segm={'poly': [[0, 0, 9, 0, 9, 9]]})],
         exprs=[dict(id=1, ref_id=1, text='Left man.', sent='left man', targets=[2]),
                dict(id=2, ref_id=2, text='both', targets=[0, 2]),
                dict(id=3, ref_id=1, text='man', targets=[2]),
                dict(id=4, text='sky', targets=[], caption=True, phrases=[
                    dict(span=[[0, 3]], targets=[])])]),
    dict(image=dict(id='coco:2', file='c.jpg', width=64, height=48), split='val',
         instances=[dict(id=5, bbox=[1, 1, 5, 5]), dict(id=6, bbox=[2, 2, 6, 6])],
         exprs=[dict(id=5, ref_id=3, text='a bus', targets=[]),
                dict(id=6, text='dog and man', targets=[1], caption=True, phrases=[
                    dict(span=[[0, 3]], targets=[1], id='d'),
                    dict(span=[[8, 11]], targets=[0, 1])])])]


@pytest.fixture
def root(tmp_path):
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        for line in LINES:
            writer.write(line)
    return tmp_path


def build(root, **options):
    return GroundingDataset('annotations/own_val.jsonl', str(root), dict(img='images/'),
                            **options)


def texts(dataset):
    return [[expr['text'] for expr in dataset.get_data_info(i)['expressions']]
            for i in range(len(dataset))]


@pytest.mark.parametrize(('sample_by', 'expected'), [
    ('expression', [['Left man.'], ['both'], ['man'], ['a bus'], ['dog and man']]),
    ('ref', [['Left man.', 'man'], ['both'], ['a bus'], ['dog and man']]),
    ('image', [['Left man.', 'both', 'man'], ['a bus', 'dog and man']]),
    ('caption', [['sky'], ['dog and man']])])
def test_sample_by_says_what_a_sample_is(root, sample_by, expected):
    assert texts(build(root, sample_by=sample_by)) == expected


@pytest.mark.parametrize(('sample_by', 'expected'), [
    ('expression', [['Left man.'], ['a bus']]), ('ref', [['Left man.'], ['a bus']]),
    ('image', [['Left man.'], ['a bus']])])
def test_only_reviewed_keeps_what_was_found_right(tmp_path, sample_by, expected):
    lines = copy.deepcopy(LINES)
    for (line, number), is_right in {(0, 0): True, (0, 2): False, (1, 0): True}.items():
        lines[line]['exprs'][number]['reviewed_ok'] = is_right
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        for line in lines:
            writer.write(line)
    dataset = build(tmp_path, sample_by=sample_by, only_reviewed=True)
    assert texts(dataset) == expected
    assert dataset.expression_counts().tolist() == [1, 1]
    assert [info['expressions'][0]['expr_idx'] for info in map(
        dataset.get_data_info, range(2))] == [0, 4]
    assert texts(dataset.get_subset([1])) == expected[1:]


@pytest.mark.parametrize(('sample_by', 'expected'), [
    ('expression', [['Left man.'], ['man'], ['dog and man']]),
    ('image', [['Left man.', 'man'], ['dog and man']])])
def test_only_single_target_leaves_out_several_and_none(root, sample_by, expected):
    dataset = build(root, sample_by=sample_by, only_single_target=True)
    assert texts(dataset) == expected
    assert dataset.expression_counts().tolist() == list(map(len, expected))


def test_landmarks_are_no_targets_but_in_captions(tmp_path):
    line = dict(LINES[0], exprs=[dict(
        id=1, text='man by a bus', targets=[2], phrases=[
            dict(span=[[0, 3]], targets=[2]), dict(span=[[9, 12]], targets=[0])])])
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        writer.write(line)
    for sample_by, found in (('expression', [9]), ('caption', [9, 7])):
        info = build(tmp_path, sample_by=sample_by).get_data_info(0)
        assert [item['ann_id'] for item in info['instances']] == found
        assert [phrase['targets'] for phrase in info['expressions'][0]['phrases']] == [
            [number] for number in range(len(found))]
        assert info['expressions'][0]['targets'] == [0]
    info = build(tmp_path, sample_by='image').get_data_info(0)
    assert [phrase['targets'] for phrase in info['expressions'][0]['phrases']] == [[2]]


def test_file_without_reviewed_expressions_says_so(root):
    with pytest.raises(ValueError, match="sample_by='expression', only_reviewed=True"):
        build(root, only_reviewed=True)


def test_sample_has_the_fields_of_door_0(root):
    sample = build(root).get_data_info(1)
    assert sample == dict(
        img_path=str(root / 'images/a.jpg'), img_id='coco:1', height=48, width=64,
        dataset='own', split='val', sample_idx=1,
        instances=[
            dict(bbox=[4.2, 4, 24.8, 34], mask=None, ann_id=7, category_id=1,
                 bbox_label=0, ignore_flag=1),
            dict(bbox=[0, 0, 9, 9], mask={'poly': [[0, 0, 9, 0, 9, 9]]}, ann_id=9,
                 category_id=None, bbox_label=0, ignore_flag=0)],
        expressions=[dict(text='both', expr_id=2, ref_id=2, expr_idx=1, targets=[0, 1],
                          no_target=False, phrases=None)])


def test_targets_point_into_the_instances_of_the_sample(root):
    ref = build(root, sample_by='ref').get_data_info(0)
    assert [instance['ann_id'] for instance in ref['instances']] == [9]
    assert [expr['targets'] for expr in ref['expressions']] == [[0], [0]]
    image = build(root, sample_by='image').get_data_info(0)
    assert [instance['ann_id'] for instance in image['instances']] == [7, 8, 9]
    assert [expr['targets'] for expr in image['expressions']] == [[2], [0, 2], [2]]


def test_expression_keeps_its_number_whatever_a_sample_is(root):
    numbers = {}
    for sample_by in ('expression', 'ref', 'image', 'caption'):
        dataset = build(root, sample_by=sample_by)
        for i in range(len(dataset)):
            for expr in dataset.get_data_info(i)['expressions']:
                assert numbers.setdefault(expr['expr_id'], expr['expr_idx']) == (
                    expr['expr_idx'])
    assert numbers == {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5}


def test_phrases_point_into_the_instances_of_the_sample(root):
    sample = build(root, sample_by='caption').get_data_info(1)
    expr, = sample['expressions']
    assert [instance['ann_id'] for instance in sample['instances']] == [6, 5]
    assert expr['targets'] == [0]
    assert expr['phrases'] == [dict(span=[[0, 3]], targets=[0], id='d'),
                               dict(span=[[8, 11]], targets=[1, 0])]


def test_no_target_is_said_of_expressions_not_of_captions(root):
    exprs = [build(root, sample_by=by).get_data_info(i)['expressions'][0]
             for by, i in (('expression', 3), ('caption', 0), ('expression', 0))]
    assert [(expr['no_target'], expr['targets']) for expr in exprs] == [
        (True, []), (False, []), (False, [0])]


def test_mask_file_is_joined_to_the_annotation_folder(root):
    instances = build(root, sample_by='image').get_data_info(0)['instances']
    assert instances[1]['bbox'] is None
    assert instances[1]['mask'] == {'file': str(root / 'annotations/masks/8.png')}


def test_image_is_found_by_its_other_names(root):
    path = root / 'images/x/b.jpg'
    path.parent.mkdir(parents=True)
    path.touch()
    assert build(root).get_data_info(0)['img_path'] == str(path)
    (root / 'images/a.jpg').touch()
    assert build(root).get_data_info(0)['img_path'] == str(root / 'images/a.jpg')


def test_text_field_chooses_the_string(root):
    assert texts(build(root, text_field='sent'))[:2] == [['left man'], ['both']]


def test_spans_of_phrases_are_not_of_the_cleaned_string(tmp_path):
    line = dict(LINES[1], exprs=[dict(LINES[1]['exprs'][1], sent='dog man')])
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        writer.write(line)
    with pytest.raises(ValueError, match='expression 6 in .*_val.jsonl, line 1'):
        build(tmp_path, text_field='sent').get_data_info(0)


@pytest.mark.parametrize(('profile', 'expected'), [
    (None, [4.2, 4, 24.8, 34]), ('truncate_xywh', [4, 4, 24, 34]),
    ('inclusive_corners', [4.2, 4, 23.8, 33])])
def test_box_profile_gives_boxes_as_published_readers_saw_them(root, profile, expected):
    sample = build(root, box_profile=profile).get_data_info(1)
    assert sample['instances'][0]['bbox'] == pytest.approx(expected)


@pytest.mark.parametrize(('x', 'w'), [(0.1, 3.0), (258.15, 22.0), (7.0, 5.99),
                                      (413.77, 98.0), (0.29, 0.58)])
def test_truncated_width_is_that_of_the_stored_width(x, w):
    x1, _, x2, _ = truncate_xywh([x, 0.0, x + w, 1.0])
    assert (x1, x2) == (int(x), int(x) + int(w))
    assert inclusive_corners([1.0, 2.0, 3.0, 4.0]) == [1, 2, 2, 3]


def test_samples_are_new_at_every_call(root):
    dataset = build(root)
    sample = dataset.get_data_info(0)
    sample['instances'][0]['bbox'][0] = 99
    sample['expressions'].clear()
    assert dataset.get_data_info(0)['instances'][0]['bbox'][0] == 0
    assert dataset.get_data_info(0)['expressions']


@pytest.mark.parametrize(('indices', 'expected'), [
    (2, [0, 1]), (-2, [3, 4]), ([4, 0], [4, 0])])
def test_indices_choose_samples(root, indices, expected):
    dataset = build(root, indices=indices)
    everything = texts(build(root))
    assert texts(dataset) == [everything[i] for i in expected]
    assert [dataset.get_data_info(i)['sample_idx'] for i in range(len(expected))] == (
        list(range(len(expected))))
    assert texts(build(root).get_subset(indices)) == texts(dataset)


def test_subset_of_a_subset_leaves_the_first_alone(root):
    dataset = build(root)
    subset = dataset.get_subset(3).get_subset([2])
    assert texts(subset) == [['man']] and len(dataset) == 5
    subset.get_subset_(1)
    assert len(subset) == 1


def test_negative_and_wrong_numbers(root):
    dataset = build(root)
    assert dataset.get_data_info(-1)['sample_idx'] == 4
    with pytest.raises(IndexError):
        dataset.get_data_info(5)


def test_dataset_is_built_from_a_config_and_runs_its_pipeline(root):
    seen = []
    dataset = DATASETS.build(dict(
        type='GroundingDataset', ann_file='annotations/own_val.jsonl',
        data_root=str(root), data_prefix=dict(img='images/'), lazy_init=True,
        lazy=False, pipeline=[lambda sample: seen.append(sample) or sample]))
    assert len(dataset) == 5
    assert dataset[2] is seen[0] and seen[0]['expressions'][0]['text'] == 'man'


def test_pipeline_that_gives_none_is_an_error_at_test_only(root):
    def refuse_first(sample):
        return None if sample['sample_idx'] == 0 else sample

    assert build(root, pipeline=[refuse_first])[0]['sample_idx'] != 0
    with pytest.raises(Exception, match='should not get `None`'):
        build(root, pipeline=[refuse_first], test_mode=True)[0]


def test_workers_and_copies_read_the_same(root):
    dataset = build(root)
    dataset.get_data_info(0)
    loader = DataLoader(dataset, batch_size=1, num_workers=2,
                        collate_fn=lambda batch: batch[0]['expressions'][0]['text'])
    everything = [text for text, in texts(dataset)]
    assert list(loader) == everything
    copy = pickle.loads(pickle.dumps(dataset))
    assert [text for text, in texts(copy)] == everything
    assert len(pickle.dumps(dataset)) < 10_000  # offsets, not annotations


def test_sets_can_be_joined(root):
    joined = ConcatDataset([build(root), build(root, sample_by='image')])
    assert len(joined) == 7
    assert joined.get_data_info(5)['expressions'][1]['text'] == 'both'


@pytest.mark.parametrize(('option', 'message'), [
    (dict(sample_by='word'), "sample_by is one of 'expression', 'ref', 'image', "),
    (dict(text_field='raw'), "text_field is one of 'text', 'sent', not 'raw'"),
    (dict(box_profile='x'), "box_profile is one of None, 'truncate_xywh'")])
def test_wrong_choice_is_named(root, option, message):
    with pytest.raises(ValueError, match=message):
        build(root, **option)


def test_file_without_captions_has_no_samples_by_caption(tmp_path):
    line = dict(LINES[0], exprs=LINES[0]['exprs'][:1])
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        writer.write(line)
    with pytest.raises(ValueError, match="has no sample for sample_by='caption'"):
        build(tmp_path, sample_by='caption')


def test_missing_file_says_which_command_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        GroundingDataset('annotations/refcoco_unc_val.jsonl', str(tmp_path))
    message = str(error.value)
    assert str(tmp_path / 'annotations/refcoco_unc_val.jsonl') in message
    assert 'python tools/prepare_data.py refer_refcoco data/refer/refcoco' in message
    assert 'data/README.md' in message


@pytest.mark.parametrize(('file', 'command'), [
    ('data/annotations/resc_referit_train.jsonl',
     'resc_pth data/resc/referit --images data/referit/images --out data/annotations'),
    ('data/synthref_l0/canonical/synthref_L0_val.jsonl',
     'make_synthref.py --level L0 --seed 0 --out data/synthref_l0'),
    ('data/synthref_l0/canonical/synthref_L0_captions_val.jsonl',
     'make_synthref.py --level L0 --seed 0 --out data/synthref_l0 --captions'),
    ('data/annotations/mine_val.jsonl',
     'prepare_data.py FORMAT SRC --out data/annotations')])
def test_prepare_command_is_told_by_the_name(file, command):
    assert prepare_command(file).endswith(command)


def test_every_known_set_is_explained_in_the_data_guide():
    guide = (Path(__file__).parents[2] / 'data/README.md').read_text()
    for name in COMMANDS:
        assert name in guide
        command = prepare_command(f'data/annotations/{name}_train.jsonl')
        assert command in ' '.join(guide.replace('\\\n', ' ').split())


@pytest.mark.parametrize('name', ['../c.jpg', '/c.jpg'])
def test_name_that_leaves_the_folder_is_refused(tmp_path, name):
    line = json.loads(json.dumps(LINES[1]))
    line['image']['file'] = name
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        writer.write(line)
    with pytest.raises(ValueError, match='is not below'):
        build(tmp_path).get_data_info(0)


def odd_root(tmp_path, **image):
    line = dict(copy.deepcopy(LINES[1]))
    line['image'].update(image)
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        writer.write(line)
    return tmp_path


@pytest.mark.parametrize('kind', ['file', 'folder'])
def test_link_out_of_the_images_is_refused(tmp_path, kind):
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere/c.jpg').write_bytes(b'picture')
    root = odd_root(tmp_path / 'data', file='own/c.jpg')
    (root / 'images').mkdir()
    if kind == 'folder':
        (root / 'images/own').symlink_to(tmp_path / 'elsewhere')
    else:
        (root / 'images/own').mkdir()
        (root / 'images/own/c.jpg').symlink_to(tmp_path / 'elsewhere/c.jpg')
    with pytest.raises(ValueError, match='own_val.jsonl names the file .own/c.jpg.*li'):
        build(root).get_data_info(0)


def test_folders_of_images_may_be_links(tmp_path):
    """The image folder itself, and those in which the readers look."""
    (tmp_path / 'elsewhere').mkdir()
    for name in ('c.jpg', 'd.jpg'):
        (tmp_path / 'elsewhere' / name).write_bytes(b'picture')
    root = odd_root(tmp_path / 'data', file='c.jpg', alt=['train2014/d.jpg'])
    (root / 'images').symlink_to(tmp_path / 'elsewhere')
    assert build(root).get_data_info(0)['img_path'].endswith('images/c.jpg')
    (root / 'images').unlink()
    (root / 'images').mkdir()
    (root / 'images/train2014').symlink_to(tmp_path / 'elsewhere')
    assert build(root).get_data_info(0)['img_path'].endswith('train2014/d.jpg')


def test_half_a_surrogate_is_told_with_its_line(tmp_path):
    line = copy.deepcopy(LINES[1])
    line['exprs'][0]['text'] = 'a \ud83d'
    with CanonicalWriter(tmp_path / 'annotations', 'own', {}) as writer:
        writer.write(line)
    with pytest.raises(ValueError, match='own_val.jsonl, line 1: .* half a surrogate'):
        build(tmp_path).get_data_info(0)


def test_index_that_counts_more_than_there_is_is_told(root):
    path = root / 'annotations/own_val.jsonl'
    index = load_index(path)
    index[2, 2] += 1
    np.save(index_path(path), index)
    with pytest.raises(ValueError, match='line 2 has 2 samples, its index says more'):
        build(root).get_data_info(5)


@pytest.fixture
def half_broken(root):
    """One image that can be read, and one that is damaged."""
    (root / 'images').mkdir()
    Image.new('RGB', (64, 48), 'red').save(root / 'images' / 'a.jpg')
    (root / 'images' / 'c.jpg').write_text('<html>not found</html>')
    return root


def test_broken_image_is_an_error_that_names_file_and_record(half_broken):
    load = [LoadImageFromFile()]
    for test_mode, advice in ((False, "; on_broken_image='skip'"), (True, '')):
        dataset = build(half_broken, pipeline=load, test_mode=test_mode)
        assert dataset[0]['img_shape'] == (48, 64)
        with pytest.raises(BrokenImageError, match='c.jpg cannot be read as an image '
                           rf'.*\(sample 4 of .*own_val.jsonl\){advice}'):
            dataset[4]


def test_broken_images_are_skipped_and_counted(half_broken, monkeypatch):
    told = []
    monkeypatch.setattr('segvg.datasets.grounding_dataset.print_log',
                        lambda text, logger, level: told.append(text))
    dataset = build(half_broken, pipeline=[LoadImageFromFile()],
                    on_broken_image='skip')
    for index in (3, 4, 3, 0):
        assert dataset[index]['img_path'].endswith('a.jpg')
    assert [Path(path).name for path in dataset.broken_images] == ['c.jpg']
    assert len(told) == 1 and told[0].startswith('skipped: ')
    assert told[0].endswith('1 images skipped so far')
    (half_broken / 'images' / 'c.jpg').unlink()
    dataset = build(half_broken, pipeline=[LoadImageFromFile()],
                    on_broken_image='skip')
    assert dataset[4]['img_path'].endswith('a.jpg')  # a missing one too


def test_data_set_without_a_readable_image_is_told(half_broken):
    (half_broken / 'images' / 'a.jpg').write_bytes(b'')
    dataset = build(half_broken, pipeline=[LoadImageFromFile()],
                    on_broken_image='skip')
    with pytest.raises(BrokenImageError, match=r'no image of .*own_val\.jsonl can be '
                       r'read: .* 2 images were skipped, such as .*a\.jpg'):
        dataset[4]
    dataset.seed_samples(0, 0)
    with pytest.raises(BrokenImageError, match='no image of'):
        dataset[0]


def test_skipping_is_for_training():
    with pytest.raises(ValueError, match='is for training: a score counts every'):
        GroundingDataset('a.jsonl', on_broken_image='skip', test_mode=True)
    with pytest.raises(ValueError, match="on_broken_image is one of 'error', 'skip'"):
        GroundingDataset('a.jsonl', on_broken_image='ignore')


def test_line_of_a_panorama_costs_that_picture_only(half_broken):
    path = half_broken / 'annotations/own_val.jsonl'
    first, *rest = path.read_text().splitlines()
    line = json.loads(rest[-1])
    line['image'].update(width=20_000, height=10_000)
    path.write_text('\n'.join([first, *rest[:-1], json.dumps(line)]) + '\n')
    Image.new('1', (20_000, 10_000)).save(half_broken / 'images/c.jpg')
    dataset = build(half_broken, pipeline=[LoadImageFromFile()])
    with pytest.raises(BrokenImageError, match='c.jpg is too large'):
        dataset[4]
    dataset = build(half_broken, pipeline=[LoadImageFromFile()],
                    on_broken_image='skip')
    assert dataset[4]['img_path'].endswith('a.jpg')
