"""Move, normalise, pad, stack."""
import torch

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


def test_canvas_is_the_largest_of_the_batch():
    data = make_data()
    data['data_samples'][1] = ExpressionGroup([sample(1, canvas_shape=(9, 5))])
    batch = GroundingDataPreprocessor()(data)['inputs']
    assert batch.images.shape == (2, 3, 9, 8)


def test_statistics_are_not_saved():
    assert GroundingDataPreprocessor().state_dict() == {}
