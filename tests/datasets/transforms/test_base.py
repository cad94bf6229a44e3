"""A transform is shown as it was built; moving pixels comes before target masks."""
import numpy as np
import pytest

from segvg.datasets.transforms import (
    FillBoxMask,
    GaussianBlur,
    LoadImageFromFile,
    PackGroundingInputs,
    PadToDivisor,
    PickExpression,
    PlaceOnCanvas,
    RandomApplyUnlessWords,
    RandomFlip,
    RandomSizeCrop,
    Resize,
    ResizeLongEdge,
    ResizeShortEdge,
    TokenizeExpression,
)
from tests.datasets.transforms.conftest import bounds, mapped


@pytest.mark.parametrize('transform, shown', [
    (PackGroundingInputs(), 'PackGroundingInputs()'),
    (Resize(short=[4, 5]), 'Resize(long=None, short=[4, 5])'),
    (RandomFlip(), "RandomFlip(prob=0.5, swap='substring', "
     "languages=('english', 'chinese', 'japanese'), pairs=())"),
    (PlaceOnCanvas(8), "PlaceOnCanvas(size=(8, 8), mode='center')"),
    (PickExpression(), "PickExpression(mode='random')"),
    (GaussianBlur(), 'GaussianBlur(prob=0.5, radius=(0.1, 2.0))'),
    (LoadImageFromFile(), 'LoadImageFromFile(trust_file_size=False, '
     'apply_orientation=False, max_pixels=50000000)')])
def test_repr_shows_arguments(transform, shown):
    assert repr(transform) == shown


def test_repr_shows_arguments_that_are_objects():
    shown = repr(RandomApplyUnlessWords([Resize(long=4)], 0.5, ['left']))
    assert 'Resize(long=4' in shown and "words=('left',)" in shown
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]']
    tokenizer = dict(type='WordPieceTokenizer',
                     vocab={word: index for index, word in enumerate(words)})
    shown = repr(TokenizeExpression(tokenizer, 5))
    assert '4 pieces' in shown and 'max_length=5' in shown


@pytest.mark.parametrize('transform', [
    Resize(long=10), ResizeShortEdge(30), ResizeLongEdge(10), PadToDivisor(),
    RandomSizeCrop(1, 2), RandomFlip(prob=1), PlaceOnCanvas(99)])
def test_geometry_after_target_masks_is_refused(make_results, transform):
    results = FillBoxMask()(make_results())
    with pytest.raises(ValueError, match=f'{type(transform).__name__} comes before'):
        transform(results)


def test_record_holds_after_resize_crop_resize_and_placement(make_results):
    np.random.seed(0)
    pipeline = [Resize(short=[90, 120]), RandomSizeCrop(60, 100), Resize(long=[64, 50]),
                PlaceOnCanvas(64, mode='random')]
    cropped = 0
    for seed in range(30):
        results = make_results(bboxes=[(30, 20, 50, 40)], seed=seed)
        for transform in pipeline:
            results = transform(results)
        cropped += results['paste_offset'] != results['pad_offset']
        # a crop clips the box, and sizes are rounded to whole pixels
        left, top = results['paste_offset']
        height, width = results['img_shape']
        low, high = [left, top] * 2, [left + width, top + height] * 2
        expected = mapped(results).clip(low, high)
        np.testing.assert_allclose(results['gt_bboxes'], expected, atol=0.51)
        np.testing.assert_allclose(results['gt_bboxes'][0],
                                   bounds(results['gt_masks'][0]), atol=1.5)
    assert cropped > 20
