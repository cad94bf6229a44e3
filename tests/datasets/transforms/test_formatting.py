"""What leaves the pipeline is what model and metrics read."""
import numpy as np
import torch

from segvg.datasets.transforms import (
    FillBoxMask,
    PackGroundingInputs,
    PlaceOnCanvas,
    RandomFlip,
    Resize,
    TokenizeExpression,
)
from segvg.registry import TRANSFORMS
from segvg.structures import ExpressionGroup
from segvg.structures.geometry import Geometry
from tests.datasets.transforms.conftest import expression


def pack(results, *transforms):
    for transform in (*transforms, TRANSFORMS.build(dict(type='PackGroundingInputs'))):
        results = transform(results)
    return results


def test_image_is_packed_unpadded(make_results):
    results = make_results()
    pixels = results['img'].copy()
    packed = pack(results, PlaceOnCanvas(100))
    assert packed['inputs'].dtype == torch.uint8
    np.testing.assert_array_equal(packed['inputs'].permute(1, 2, 0).numpy(), pixels)


def test_flipped_image_is_packed(make_results):
    packed = pack(make_results(), RandomFlip(prob=1))
    assert packed['inputs'].is_contiguous()
    assert packed['data_samples'].samples[0].flip is True


def test_sample_carries_its_expression_and_geometry(make_results):
    tokenize = TokenizeExpression(lambda text, length: np.arange(3), 5)
    packed = pack(make_results(), Resize(long=40), PlaceOnCanvas((50, 64)), tokenize)
    assert isinstance(packed['data_samples'], ExpressionGroup)
    sample, = packed['data_samples']
    expected = dict(
        img_path='images/1.jpg', img_id='coco:1', dataset='toy', split='val',
        expr_idx=5, expr_id=7, ref_id=3, text='a cat', no_target=False,
        ori_shape=(60, 80), img_shape=(30, 40), scale_factor=(0.5, 0.5),
        pad_offset=(12, 10), paste_offset=(12, 10), canvas_shape=(50, 64), flip=False)
    assert {key: sample.get(key) for key in expected} == expected
    assert 'phrases' not in sample
    assert sample.token_ids.tolist() == [0, 1, 2]
    assert sample.token_ids.dtype == torch.int64
    assert sample.text_padding_mask.tolist() == [False] * 3


def test_targets_are_packed_in_both_frames(make_results):
    packed = pack(make_results(), Resize(long=40), PlaceOnCanvas((50, 64)),
                  FillBoxMask(stride=2))
    sample, = packed['data_samples']
    canvas, image = sample.gt_instances, sample.image_instances
    assert canvas.bboxes.tolist() == [[17, 20, 32, 35]]
    assert image.bboxes.tolist() == [[10, 20, 40, 50]]
    corners = canvas.bboxes.unflatten(1, (2, 2)).flatten(0, 1)
    on_image = Geometry.from_meta(sample.metainfo).points_to_image(corners)
    torch.testing.assert_close(on_image.reshape(1, 4), image.bboxes)
    assert canvas.masks.dtype == torch.bool and canvas.masks.shape == (1, 50, 64)
    assert canvas.target_masks.dtype == torch.float32
    assert canvas.target_masks.shape == (1, 25, 32)
    assert sample.target_mask_stride == 2
    assert image.segmentations == [None]


def test_every_expression_gets_its_own_targets(make_results):
    results = make_results(bboxes=[(0, 0, 9, 9), (10, 10, 30, 30), (5, 5, 6, 6)])
    record = dict(poly=[[0, 0, 9, 0, 9, 9]])
    results['instances'][0]['mask'] = record
    results['expressions'] = [
        expression('one', [1], expr_idx=0), expression('two', [2, 0], expr_idx=1),
        expression('none', [], expr_idx=2)]
    one, two, none = pack(results)['data_samples']
    assert one.gt_instances.bboxes.tolist() == [[10, 10, 30, 30]]
    assert two.image_instances.bboxes.tolist() == [[5, 5, 6, 6], [0, 0, 9, 9]]
    assert two.image_instances.segmentations == [None, record]
    assert none.no_target is True and none.gt_instances.bboxes.shape == (0, 4)
    assert none.gt_instances.masks.shape == (0, 60, 80)
    assert [sample.expr_idx for sample in (one, two, none)] == [0, 1, 2]


def test_targets_of_phrases_count_within_the_sample(make_results):
    results = make_results(bboxes=[(0, 0, 9, 9), (10, 10, 30, 30), (5, 5, 6, 6)])
    results['expressions'] = [expression('a b', [2], phrases=[
        dict(span=[[0, 1]], targets=[2]), dict(span=[[2, 3]], targets=[0])])]
    sample, = pack(results)['data_samples']
    assert sample.gt_instances.bboxes[:, 0].tolist() == [5, 0]
    assert [phrase['targets'] for phrase in sample.phrases] == [[0], [1]]


def test_image_without_annotations_is_packed(make_results):
    results = make_results(with_mask=False)
    for key in ('gt_bboxes', 'image_bboxes', 'instances'):
        del results[key]
    results['expressions'] = [dict(text='a cat', targets=[])]
    sample, = pack(results)['data_samples']
    assert 'gt_instances' not in sample and 'image_instances' not in sample
    assert sample.canvas_shape == (60, 80) and sample.paste_offset == (0, 0)


def test_repr_shows_arguments():
    assert repr(PackGroundingInputs()) == 'PackGroundingInputs()'
