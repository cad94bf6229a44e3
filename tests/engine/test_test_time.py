"""Every image is seen twice at test time."""
import copy

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from segvg.datasets import GroundingDataset, transforms
from segvg.engine.test_time import flipping_pipeline, use_flips
from segvg.models.flip_average import GroundingTTAModel
from segvg.structures.geometry import Geometry
from segvg.utils.configs import find_pipeline
from tests.toy import ROOT, make_data, toy_config

CONFIGS = ['segvg/segvg_refcoco.py', 'siri/siri_grefcoco.py',
           'seqtr/seqtr_det_refcoco.py', 'instancevg/instancevg_grefcoco.py',
           'reftr/reftr_flickr30k.py']


class Oracle(nn.Module):
    """Answers with the targets that it sees, in the frame that it sees."""

    def test_step(self, data):
        samples = [sample for group in data['data_samples'] for sample in group]
        for sample in samples:
            geometry = Geometry.from_meta(sample.metainfo)
            points = sample.gt_instances.bboxes.double().reshape(-1, 2)
            bboxes = geometry.points_to_image(points).reshape(-1, 4)
            sample.pred_instances = InstanceData(bboxes=bboxes.float(),
                                                 scores=torch.ones(len(bboxes)))
        return samples


@pytest.mark.parametrize('name', CONFIGS)
def test_targets_of_the_mirror_image_are_those_of_the_image(name, tmp_path):
    cfg = toy_config(ROOT / 'configs' / name, make_data(tmp_path / 'd'), tmp_path)
    use_flips(cfg)
    with DefaultScope.overwrite_default_scope('segvg'):
        dataset = GroundingDataset(**{
            key: value for key, value in cfg.test_dataloader.dataset.items()
            if key != 'type'})
        batch = pseudo_collate([dataset[0], dataset[1]])
    texts = [[sample.text for sample in groups[0]] for groups in batch['data_samples']]
    assert len(texts) == 2
    swapped = {'left': 'right', 'right': 'left'}
    assert texts[1] == [' '.join(swapped.get(word, word) for word in text.split())
                        for text in texts[0]]
    for sample in GroundingTTAModel(Oracle()).test_step(batch):
        expected = sample.image_instances.bboxes
        torch.testing.assert_close(sample.pred_instances.bboxes, expected, atol=1.0,
                                   rtol=0)
        assert (sample.pred_instances.scores == 1).all()


def test_flip_comes_last_before_the_canvas():
    steps = [dict(type='LoadImageFromFile'), dict(type='Resize', long=64),
             dict(type='PlaceOnCanvas', size=64), dict(type='PackGroundingInputs')]
    with DefaultScope.overwrite_default_scope('segvg'):
        made = flipping_pipeline(steps)
        Compose(copy.deepcopy(made))
    assert [step['type'] for step in made] == ['LoadImageFromFile', 'Resize',
                                               'TestTimeAug']
    flips, canvas, pack = made[-1]['transforms']
    assert [flip['prob'] for flip in flips] == [0, 1] and flips[0]['swap'] == 'word'
    assert (canvas, pack) == ([steps[2]], [steps[3]])


def test_every_step_says_whether_it_comes_after_a_flip():
    assert {name for name in transforms.__all__
            if getattr(transforms, name).after_flip} == {
        'AnnotationMask', 'BoxToMask', 'EllipseBoxMask', 'FillBoxMask',
        'GaussianBoxMask', 'PackGroundingInputs', 'PadToDivisor', 'PlaceOnCanvas',
        'SampleContour', 'TokenizeCaption', 'TokenizeExpression', 'TokenizePhrases'}


def config(*metrics, **keys):
    loader = dict(dataset=dict(pipeline=[dict(type='PackGroundingInputs')]))
    return Config(dict(test_dataloader=loader, default_scope='segvg', test_evaluator=[
        dict(type=name) for name in metrics], **keys))


def test_pipeline_of_the_config_and_metrics_that_cannot_score():
    cfg = config('BoxAccuracy', 'SeqTRMaskIoU', tta_pipeline=[dict(type='Own')])
    use_flips(cfg)
    assert find_pipeline(cfg) == [ConfigDict(type='Own')]
    assert [part.type for part in cfg.test_evaluator] == ['BoxAccuracy']
    with pytest.raises(ValueError, match='SeqTRMaskIoU cannot score averaged'):
        use_flips(config('SeqTRMaskIoU'))
