"""What a data loader makes of a batch."""
import torch

from segvg.datasets import collate_grounding
from segvg.models import GroundingDataPreprocessor
from tests.models.test_data_preprocessor import make_data


def test_collated_batch_equals_a_list_of_samples():
    data = make_data()
    items = [dict(inputs=image, data_samples=group)
             for image, group in zip(data['inputs'], data['data_samples'])]
    preprocessor = GroundingDataPreprocessor(text_pad_id=9)
    collated, plain = preprocessor(collate_grounding(items)), preprocessor(data)
    for one, other in zip(collated['inputs'][:2], plain['inputs'][:2]):
        assert torch.equal(one, other)
    assert torch.equal(collated['inputs'].text.ids, plain['inputs'].text.ids)
    assert len(collated['data_samples']) == 3


def test_samples_of_another_form_are_collected():
    assert collate_grounding([dict(x=1), dict(x=2)]) == dict(x=[1, 2])
