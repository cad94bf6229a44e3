"""A batch as one buffer."""
import torch
from mmengine.structures import InstanceData

from segvg.structures.collate import NO_TOKEN, collate, join
from tests.generalized_toy import make_sample
from tests.models.test_data_preprocessor import make_data


def test_what_a_device_needs_is_in_the_buffer_and_the_rest_in_the_samples():
    sample = make_sample([5, 6], targets=2)
    sample.gt_instances.names = ['left', 'right']
    images = [torch.ones(3, 64, 64, dtype=torch.uint8)]
    batch = collate(images, [[sample]])
    tensors = batch['inputs'].unpack()
    assert tensors['ids'].tolist() == [[2, 5, 6, 3]]
    assert tensors['windows'].tolist() == [[0, 64, 0, 64]]
    assert tensors[0, 'frame'].tolist() == [
        [64 / 96, 64 / 48], [0, 0], [0, 0], [64, 64], [96, 48], [64, 64]]
    assert torch.equal(tensors[0, 'masks'], sample.gt_instances.masks)
    rest, = batch['data_samples'][0]
    assert 'token_ids' not in rest and rest.gt_instances.keys() == ['names']
    whole = join(rest, {name: tensors[0, name] for name in ('bboxes', 'masks')})
    assert isinstance(whole.gt_instances, InstanceData)
    assert whole.gt_instances.names == ['left', 'right']
    assert whole.metainfo == sample.metainfo
    whole.set_metainfo(dict(text='other'))
    assert rest.text == sample.text == 'text'
    assert torch.equal(whole.gt_instances.bboxes, sample.gt_instances.bboxes)
    assert 'bboxes' not in rest.gt_instances and 'bboxes' in sample.gt_instances


def test_images_lie_in_their_windows_and_unknown_tokens_are_marked():
    data = make_data()
    tensors = collate(data['inputs'], data['data_samples'])['inputs'].unpack()
    assert tensors['windows'].tolist() == [[2, 5, 1, 5], [2, 4, 1, 3]]
    assert tensors['images'][0, :, 2:5, 1:5].eq(255).all()
    assert tensors['images'].long().sum() == 255 * 36
    assert tensors['ids'][1].tolist() == [1, NO_TOKEN, NO_TOKEN]
    assert tensors['image_index'].tolist() == [0, 0, 1]
    assert (0, 'frame') not in tensors  # these samples lack some of their geometry
