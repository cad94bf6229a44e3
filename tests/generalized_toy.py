"""Toy data and samples of generalized grounding: two targets, one, or none."""
import json
from pathlib import Path

import torch
from mmengine.structures import InstanceData

from segvg.annotations.canonical import CanonicalWriter
from segvg.structures import ExpressionGroup, GroundingDataSample
from tests.toy import make_data


def make_generalized_data(root: Path, images: int = 4,
                          splits: tuple = ('train', 'val', 'testA')) -> Path:
    """Write what ``tests.toy.make_data`` does; of the three expressions of an image one
    has a target, one both, and one none. Returns the folder."""
    make_data(root, images, splits)
    lines = {split: [json.loads(line) for line in
                     (root / f'toy_{split}.jsonl').read_text().splitlines()]
             for split in splits}
    with CanonicalWriter(root, 'toy', dict(dataset='toy')) as writer:
        for split in splits:
            for line in lines[split]:
                line['exprs'][1].update(text='box', targets=[0, 1])
                line['exprs'][2].update(text='the box left the box', targets=[])
                writer.write(line)
    return root


START, END = 2, 3


def make_sample(words: list[int], targets: int = 1,
                number: int = 0) -> GroundingDataSample:
    """Return a sample of a text of ids with some targets on a canvas of 64 x 64."""
    size = (64, 64)
    sample = GroundingDataSample(metainfo=dict(
        text='text', img_path='image', expr_idx=number, canvas_shape=size,
        img_shape=size, ori_shape=(48, 96), paste_offset=(0, 0), pad_offset=(0, 0),
        scale_factor=(64 / 96, 64 / 48), no_target=not targets))
    sample.token_ids = torch.tensor([START, *words, END])
    sample.text_padding_mask = torch.zeros(len(words) + 2, dtype=torch.bool)
    masks = torch.zeros((targets, *size), dtype=torch.bool)
    bboxes = torch.zeros((targets, 4))
    for i in range(targets):
        masks[i, 8:40, 20 * i:20 * i + 16] = True
        bboxes[i] = torch.tensor([20 * i, 8, 20 * i + 16, 40])
    sample.gt_instances = InstanceData(bboxes=bboxes, masks=masks)
    sample.image_instances = InstanceData(
        bboxes=bboxes * torch.tensor([1.5, 0.75, 1.5, 0.75]),
        segmentations=[dict(poly=[[0., 6., 24., 6., 24., 30., 0., 30.]])] * targets)
    return sample


def make_batch(model: torch.nn.Module, *groups: list[GroundingDataSample]) -> dict:
    """Return the batch of groups of samples, an image each."""
    noise = torch.Generator().manual_seed(1)
    images = [torch.randint(0, 255, (3, 64, 64), generator=noise, dtype=torch.uint8)
              for _ in groups]
    return model.data_preprocessor(dict(
        inputs=images, data_samples=[ExpressionGroup(list(group)) for group in groups]))
