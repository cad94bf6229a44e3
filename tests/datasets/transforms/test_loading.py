"""Images, boxes and masks come in as the annotation says, or with a clear message."""
import numpy as np
import pytest
from PIL import ExifTags, Image

from segvg.datasets.transforms import (
    DrawMasks,
    LoadGroundingAnnotations,
    LoadImageFromFile,
    RandomFlip,
    ResizeExact,
)
from segvg.registry import TRANSFORMS
from segvg.structures.masks import encode_rle
from tests.datasets.transforms.conftest import expression

BOX = [8.0, 12.0, 40.0, 48.0]
POLYGON = [8.0, 12.0, 40.0, 12.0, 40.0, 48.0, 8.0, 48.0]


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / 'one.png'
    pixels = np.zeros((4, 6, 3), dtype=np.uint8)
    pixels[1, 2] = (255, 100, 0)
    Image.fromarray(pixels).save(path)
    return path


def load(path, **more):
    return LoadImageFromFile()(dict(img_path=str(path), height=4, width=6) | more)


def test_image_is_rgb_with_its_geometry(picture):
    results = load(picture)
    assert results['img'].dtype == np.uint8
    assert results['img'][1, 2].tolist() == [255, 100, 0]
    assert results['img_shape'] == results['ori_shape'] == (4, 6)
    assert results['scale_factor'] == (1, 1) and results['pad_offset'] == (0, 0)
    assert results['flip'] is False


def test_missing_image_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='image .*gone.jpg does not exist'):
        load(tmp_path / 'gone.jpg')


def test_other_size_than_annotated_is_an_error(picture):
    with pytest.raises(ValueError, match=r'4 x 6 .* sample 9 says 6 x 4.*trust_file'):
        load(picture, height=6, width=4, sample_idx=9)


def test_size_of_the_file_can_be_trusted(picture):
    transform = TRANSFORMS.build(dict(type='LoadImageFromFile', trust_file_size=True))
    results = transform(dict(img_path=str(picture), height=6, width=4))
    assert results['ori_shape'] == (4, 6)


def test_orientation_is_named_and_applied_by_a_switch(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = tmp_path / 'phone.png'
    Image.fromarray(np.arange(72, dtype=np.uint8).reshape(4, 6, 3)).save(
        path, exif=exif)
    upright = dict(img_path=str(path), height=6, width=4)
    with pytest.raises(ValueError, match='EXIF orientation 6.*was not; apply_orient'):
        LoadImageFromFile()(dict(upright))
    results = LoadImageFromFile(apply_orientation=True)(dict(upright))
    assert results['ori_shape'] == (6, 4) and results['apply_orientation'] is True
    assert results['img'][0, -1].tolist() == [0, 1, 2]  # the first pixel of the file
    with pytest.raises(ValueError, match='was turned; apply_orientation=False'):
        LoadImageFromFile(apply_orientation=True)(
            dict(img_path=str(path), height=4, width=6))


def test_limit_of_pixels_is_passed_on(picture):
    with pytest.raises(ValueError, match='more than 23 .max_pixels'):
        LoadImageFromFile(max_pixels=23)(dict(img_path=str(picture)))


def test_image_without_stated_size_is_read(picture):
    assert LoadImageFromFile()(dict(img_path=str(picture)))['img_shape'] == (4, 6)


def annotated(*instances, **more):
    names = range(len(instances))
    return dict(instances=list(instances), ori_shape=(4, 6), img_path='a.jpg',
                sample_idx=2, expressions=[expression('a dog', names)]) | more


SQUARE = dict(poly=[[1, 1, 4, 1, 4, 3, 1, 3]])


def test_boxes_are_not_clipped_by_default():
    results = LoadGroundingAnnotations()(
        annotated(dict(bbox=[-2.5, 1, 9, 3], mask=None)))
    assert results['gt_bboxes'].tolist() == [[-2.5, 1, 9, 3]]
    assert results['gt_bboxes'].dtype == np.float32
    assert 'gt_masks' not in results


def test_clipping_leaves_the_boxes_for_evaluation():
    results = LoadGroundingAnnotations(clip=True)(
        annotated(dict(bbox=[-2.5, 1, 9, 3], mask=None)))
    assert results['gt_bboxes'].tolist() == [[0, 1, 6, 3]]
    assert results['image_bboxes'].tolist() == [[-2.5, 1, 9, 3]]


def test_masks_are_decoded_in_order():
    empty = dict(bbox=[0, 0, 1, 1], mask=dict(poly=[]))
    full = dict(bbox=[1, 1, 4, 3], mask=SQUARE)
    masks = LoadGroundingAnnotations(with_mask=True)(annotated(empty, full))['gt_masks']
    assert masks.shape == (2, 4, 6) and masks.dtype == np.uint8
    assert masks.sum(axis=(1, 2)).tolist() == [0, 6]


def test_instance_without_box_gets_the_bounds_of_its_mask():
    results = LoadGroundingAnnotations()(annotated(dict(bbox=None, mask=SQUARE)))
    assert results['gt_bboxes'].tolist() == [[1, 1, 4, 3]]


def test_no_target_gives_empty_arrays():
    results = LoadGroundingAnnotations(with_mask=True)(annotated())
    assert results['gt_bboxes'].shape == (0, 4)
    assert results['gt_masks'].shape == (0, 4, 6)


def test_mask_of_an_unnamed_instance_is_not_needed():
    instances = [dict(bbox=[1, 1, 4, 3], mask=SQUARE),
                 dict(bbox=[0, 0, 1, 1], mask=None)]
    results = annotated(*instances, expressions=[expression('a dog', [0])])
    masks = LoadGroundingAnnotations(with_mask=True)(results)['gt_masks']
    assert masks.sum(axis=(1, 2)).tolist() == [6, 0]


@pytest.mark.parametrize('instance, with_mask, message', [
    (dict(bbox=[0, 0, 1, 1], mask=None), True, 'has no mask, which with_mask=True'),
    (dict(bbox=None, mask=None), False, 'no mask, which an instance without a box'),
    (dict(bbox=None, mask=dict(poly=[])), False, 'neither a box nor a mask with'),
    (dict(bbox=None, mask=dict(bitmap=1)), False, 'cannot be read: a mask record has'),
    (dict(bbox=None, mask=dict(file='gone.png')), False, 'cannot be read: .*gone.png')])
def test_bad_instance_names_the_sample(instance, with_mask, message):
    with pytest.raises(ValueError, match=message) as error:
        LoadGroundingAnnotations(with_mask)(annotated(dict(instance, ann_id=81)))
    for part in ('annotation 81', 'a.jpg', 'sample 2', 'a dog'):
        assert part in str(error.value)


@pytest.fixture
def results(make_results):
    """Results without masks, one target as a polygon."""
    results = make_results(60, 80, bboxes=[BOX], with_mask=False)
    results['instances'][0]['mask'] = dict(poly=[POLYGON])
    return results


def test_polygons_are_scaled_then_drawn(results):
    results = DrawMasks()(ResizeExact(120)(results))
    mask, = results['gt_masks']
    assert mask.shape == (120, 120) and mask.dtype == np.uint8
    expected = np.zeros_like(mask)
    expected[24:96, 12:60] = 1
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize('polygons', [[[1., 2., 3., 4.]], [[1., 2., 3., 4., 5.]]])
def test_polygon_without_an_area_draws_nothing(results, polygons):
    results['instances'][0]['mask'] = dict(poly=polygons)
    assert not DrawMasks()(ResizeExact(120)(results))['gt_masks'].any()


def test_crowds_and_what_nobody_names_stay_empty(results):
    results['instances'][0]['ignore_flag'] = 1
    results['instances'].append(dict(bbox=BOX, mask=None, ann_id=9))
    assert DrawMasks()(results)['gt_masks'].shape == (2, 60, 80)
    assert not results['gt_masks'].any()


def test_run_length_code_is_scaled(results):
    mask = np.zeros((60, 80), bool)
    mask[12:48, 8:40] = True
    results['instances'][0]['mask'] = dict(rle=encode_rle(mask))
    drawn, = DrawMasks()(ResizeExact(120)(results))['gt_masks']
    assert drawn[24:96, 12:60].all() and drawn.sum() == 72 * 48


def test_no_target_has_no_mask(make_results):
    results = make_results(bboxes=[], with_mask=False)
    assert DrawMasks()(ResizeExact(64)(results))['gt_masks'].shape == (0, 64, 64)


def test_wrong_order_and_missing_mask_are_told(results):
    with pytest.raises(ValueError, match='DrawMasks comes before flips and crops'):
        DrawMasks()(RandomFlip(1.0)(results))
    results['instances'][0]['mask'] = None
    results['flip'] = False
    with pytest.raises(ValueError, match='the mask of annotation 0 of images/1.jpg'):
        DrawMasks()(results)
