"""SeqTR's head: tokens, cache, ends, frames of the predictions."""
import random

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.models.heads import SequenceHead
from segvg.structures import FusedFeatures, GroundingDataSample, Tokens

BOX = dict(type='BoxPart', first_weight=1.5)
CONTOUR = dict(type='ContourPart', num_points=4)
META = dict(ori_shape=(32, 64), img_shape=(16, 32), scale_factor=(0.5, 0.5),
            pad_offset=(0, 0), paste_offset=(0, 0), canvas_shape=(32, 32),
            text='the cat', img_path='a.jpg')


def make_head(*parts: dict, **changes) -> SequenceHead:
    torch.manual_seed(0)
    settings = dict(heads=2, hidden=8, dropout=0.0, num_bins=16)
    return SequenceHead([dict(part) for part in parts], dict(type='SequenceLoss'), 8, 2,
                        **{**settings, **changes})


def make_fused(batch: int = 3) -> FusedFeatures:
    torch.manual_seed(1)
    padding = torch.zeros(batch, 4, dtype=torch.bool)
    padding[0, 2:] = True
    memory = Tokens(torch.randn(batch, 4, 8), padding, torch.randn(batch, 4, 8), (2, 2))
    return FusedFeatures(memory, slice(0, 4), (32, 32))


def make_sample(**fields) -> GroundingDataSample:
    sample = GroundingDataSample(metainfo=META)
    sample.gt_instances = InstanceData(**fields)
    return sample


def full_sample() -> GroundingDataSample:
    contour = torch.tensor([[[2., 3.], [10., 3.], [10., 12.], [-1., -1.]]])
    return make_sample(bboxes=torch.tensor([[2., 3., 10., 12.]]), contours=contour)


def greedy_without_cache(head: SequenceHead, fused: FusedFeatures) -> list:
    """Read the whole prefix at every step."""
    done: list[torch.Tensor] = []
    for part in head.parts:
        tokens = torch.zeros(len(fused.memory.feats), 0, dtype=torch.int64)
        for step in range(part.num_steps):
            logits = head.logits(fused.memory, [*done, tokens])[:, -1]
            if step < part.min_steps:
                logits = logits[:, :head.end]
            tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
        done.append(tokens)
    return done


@pytest.mark.parametrize('parts', [[BOX], [CONTOUR], [BOX, CONTOUR]])
@torch.no_grad()
def test_cache_gives_what_the_whole_prefix_gives(parts):
    head = make_head(*parts, learned_start=len(parts) > 1).eval()
    torch.nn.init.normal_(head.token_embed.weight, std=4)
    fused = make_fused()
    for ours, slow in zip(head(fused), greedy_without_cache(head, fused)):
        ended = (slow == head.end).cumsum(1) > 0
        assert torch.equal(ours.masked_fill(ended, -1), slow.masked_fill(ended, -1))


@torch.no_grad()
def test_batch_mates_do_not_matter():
    head, fused = make_head(BOX, CONTOUR).eval(), make_fused()
    together = head(fused)
    for b in range(3):
        memory = fused.memory.select(torch.tensor([b]))
        alone = head(fused._replace(memory=memory))
        for part, whole in zip(alone, together):
            ended = (whole[b] == head.end).cumsum(0) > 0
            assert torch.equal(part[0].masked_fill(ended, -1),
                               whole[b].masked_fill(ended, -1))


@torch.no_grad()
def test_generation_stops_when_all_have_ended():
    head, fused = make_head(CONTOUR).eval(), make_fused()
    head.predictor.layers[-1].bias[head.end] = 100
    calls = []
    head.predictor.register_forward_hook(lambda *_: calls.append(1))
    assert head(fused)[0].tolist() == [[head.end] * 9] * 3
    assert len(calls) == 1
    boxes = make_head(BOX).eval()
    boxes.predictor.layers[-1].bias[boxes.end] = 100
    assert (boxes(fused)[0] < boxes.end).all()


@torch.no_grad()
def test_tokens_are_chosen_as_the_config_says():
    fused, chosen = make_fused(), dict(type='NucleusSample', top_p=1.0)
    head = make_head(BOX, sampler=chosen).eval()
    torch.manual_seed(2)
    first, second = head(fused)[0], head(fused)[0]
    assert not torch.equal(first, second) and (first < head.end).all()
    torch.manual_seed(2)
    assert torch.equal(head(fused)[0], first)
    chosen['top_p'] = 1e-6
    drawn, greedy = make_head(BOX, sampler=chosen).eval(), make_head(BOX).eval()
    assert torch.equal(drawn(fused)[0], greedy(fused)[0])


def test_targets_by_hand():
    head = make_head(BOX, CONTOUR)
    box, contour = head.targets([full_sample()])
    # 16 bins over 32 pixels
    assert box.tolist() == [[1, 1, 5, 6]]
    assert contour.tolist() == [[1, 1, 5, 1, 5, 6, 16, 16]]
    absolute = make_head(BOX, frame_size=64)
    assert absolute.targets([full_sample()])[0].tolist() == [[0, 0, 2, 3]]


def test_edge_of_the_canvas_is_the_last_bin_and_not_the_end():
    sample = make_sample(bboxes=torch.tensor([[-3., 0., 32., 32.]]))
    assert make_head(BOX).targets([sample])[0].tolist() == [[0, 0, 15, 15]]


def test_weights_of_positions():
    head = make_head(BOX, CONTOUR)
    tokens = torch.tensor([[1, 1, 5, 6, 16]])
    assert head.parts[0].weights(tokens, 16).tolist() == [[1.5, 1, 1, 1, 1]]
    weights = head.parts[1].weights(torch.tensor([[1, 1, 16, 16, 16]]), 16)
    assert weights[0].tolist() == pytest.approx([1, 1, 0.1, 0.1, 0.1])


def test_shuffling_permutes_whole_points_of_some():
    head = make_head(dict(CONTOUR, shuffle_fraction=0.5))
    contours = torch.arange(32.).view(4, 1, 4, 2)
    samples = [make_sample(contours=contours[b]) for b in range(4)]
    random.seed(0)
    torch.manual_seed(3)
    points = head.parts[0].points(samples)
    changed = [b for b in range(4) if not torch.equal(points[b], contours[b, 0])]
    assert len(changed) == 2
    for b in range(4):
        assert sorted(points[b].tolist()) == contours[b, 0].tolist()


def test_contours_of_another_length_are_told():
    with pytest.raises(ValueError, match='contours of 4 points for a head of 6'):
        make_head(dict(CONTOUR, num_points=6)).targets([full_sample()])


def test_predictions_lie_in_the_original_image():
    head = make_head(BOX, CONTOUR)
    sample = full_sample()
    end = head.end
    head.write_tokens([torch.tensor([[1, 1, 5, 6]]),
                torch.tensor([[1, 1, 5, 1, 5, 6, end, 3, 3]])], [sample])
    prediction = sample.pred_instances
    # 2 canvas pixels a bin, 2 image pixels a canvas pixel
    assert prediction.bboxes.tolist() == [[4, 4, 20, 24]]
    assert prediction.masks.shape == (1, 32, 64)
    rows, columns = np.nonzero(prediction.masks[0].numpy())
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (4, 19, 4, 22)
    assert prediction.canvas_polygons[0].tolist() == [[2, 2], [10, 2], [10, 12]]


@pytest.mark.parametrize('as_box', [True, False])
def test_contour_of_two_points(as_box):
    head, sample = make_head(dict(CONTOUR, two_points_as_box=as_box)), full_sample()
    head.write_tokens([torch.tensor([[1, 1, 5, 6, 16, 16, 16, 16, 16]])], [sample])
    assert bool(sample.pred_instances.masks.any()) is as_box
    assert sample.pred_instances.bboxes.any().item() is as_box


def test_empty_contour_is_an_empty_mask():
    head, sample = make_head(CONTOUR), full_sample()
    head.write_tokens([torch.full((1, 9), 16)], [sample])
    assert not sample.pred_instances.masks.any()
    assert sample.pred_instances.bboxes.tolist() == [[0, 0, 0, 0]]


def test_loss_reaches_every_parameter():
    head = make_head(BOX, CONTOUR, learned_start=True)
    losses = head.loss(make_fused(1), [full_sample()])
    assert list(losses) == ['loss_sequence']
    losses['loss_sequence'].backward()
    assert all(p.grad is not None for p in head.parameters())
