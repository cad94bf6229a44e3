"""Move, normalise, pad, stack."""
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.models import GroundingDataPreprocessor
from segvg.structures import ExpressionGroup, GroundingDataSample


def sample(length: int, **meta) -> GroundingDataSample:
    item = GroundingDataSample(metainfo=dict(
        dict(canvas_shape=(6, 8), paste_offset=(1, 2)), **meta))
    item.set_data(dict(token_ids=torch.arange(1, length + 1),
                       text_padding_mask=torch.zeros(length, dtype=torch.bool)))
    return item


def make_data() -> dict:
    images = [torch.full((3, 3, 4), 255, dtype=torch.uint8),
              torch.zeros(3, 2, 2, dtype=torch.uint8)]
    groups = [ExpressionGroup([sample(3), sample(1)]), ExpressionGroup([sample(2)])]
    return dict(inputs=images, data_samples=groups)


def test_images_are_normalised_and_pasted():
    batch = GroundingDataPreprocessor()(make_data())['inputs']
    assert batch.images.shape == (2, 3, 6, 8)
    normalized = torch.tensor((1 - .485) / .229)
    torch.testing.assert_close(batch.images[0, 0, 2, 1], normalized)
    assert batch.padding_mask[0].sum() == 48 - 12
    assert not batch.padding_mask[0, 2:5, 1:5].any()
    assert (batch.images * batch.padding_mask[:, None]).abs().sum() == 0


def test_expressions_point_at_their_images():
    out = GroundingDataPreprocessor(text_pad_id=9)(make_data())
    assert out['inputs'].image_index.tolist() == [0, 0, 1]
    assert out['inputs'].text.ids.tolist() == [[1, 2, 3], [1, 9, 9], [1, 2, 9]]
    assert out['inputs'].text.padding_mask.tolist() == [
        [False] * 3, [False, True, True], [False, False, True]]
    assert len(out['data_samples']) == 3


def test_texts_are_padded_to_a_multiple():
    out = GroundingDataPreprocessor(text_pad_id=9, text_multiple=4)(make_data())
    assert out['inputs'].text.ids[0].tolist() == [1, 2, 3, 9]
    assert out['inputs'].text.padding_mask.sum(1).tolist() == [1, 3, 2]
    for limit, length in ((6, 6), (2, 3)):
        limited = GroundingDataPreprocessor(text_multiple=8, text_limit=limit)
        assert limited(make_data())['inputs'].text.ids.shape[1] == length


def test_canvas_is_the_largest_of_the_batch():
    data = make_data()
    data['data_samples'][1] = ExpressionGroup([sample(1, canvas_shape=(9, 5))])
    batch = GroundingDataPreprocessor()(data)['inputs']
    assert batch.images.shape == (2, 3, 9, 8)


def test_statistics_are_not_saved():
    assert GroundingDataPreprocessor().state_dict() == {}


def with_phrases(item: GroundingDataSample, count: int, width: int):
    item.set_data(dict(
        phrase_ids=torch.full((count, width), 7),
        phrase_padding_mask=torch.zeros(count, width, dtype=torch.bool),
        phrase_tokens=torch.ones(count, len(item.token_ids))))
    return item


def test_phrases_are_stacked_and_missing_ones_are_empty():
    data = make_data()
    data['data_samples'] = [
        ExpressionGroup([with_phrases(sample(3), 1, 4), with_phrases(sample(2), 2, 3)]),
        ExpressionGroup([with_phrases(sample(4), 1, 2)])]
    phrases = GroundingDataPreprocessor()(data)['inputs'].phrases
    assert phrases.ids.shape == (3, 2, 4) and phrases.tokens.shape == (3, 2, 4)
    assert phrases.ids[1].tolist() == [[7, 7, 7, 0]] * 2
    assert phrases.ids[2].tolist() == [[7, 7, 0, 0], [1, 3, 0, 0]]
    assert phrases.padding_mask[2, 1].tolist() == [False, False, True, True]
    assert phrases.tokens[1].sum(1).tolist() == [2, 2]
    assert not phrases.tokens[0, 1].any()
    assert GroundingDataPreprocessor()(make_data())['inputs'].phrases is None


def test_phrases_of_some_only_are_told():
    data = make_data()
    with_phrases(next(iter(data['data_samples'][0])), 1, 2)
    data['data_samples'][1] = ExpressionGroup([sample(1, text='the dog')])
    with pytest.raises(ValueError, match='with phrases and expressions without'):
        GroundingDataPreprocessor()(data)


def test_targets_are_moved_and_the_rest_stays():
    data = make_data()
    first = next(iter(data['data_samples'][0]))
    first.gt_instances = InstanceData(bboxes=torch.zeros(1, 4))
    first.image_instances = InstanceData(bboxes=torch.zeros(1, 4))
    preprocessor = GroundingDataPreprocessor().to('meta')
    out = preprocessor(data)
    moved = out['data_samples'][0]
    assert moved.gt_instances.bboxes.is_meta and out['inputs'].images.is_meta
    assert out['inputs'].text.ids.is_meta and out['inputs'].image_index.is_meta
    assert not moved.image_instances.bboxes.is_meta
    assert not first.gt_instances.bboxes.is_meta
