"""SiRi and MDETR: what must not matter, targets, matching, masks, phrases."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from segvg.models.heads import SetBoxHead, SetOutputs
from segvg.models.task_utils import HungarianMatcher, SetTargets
from segvg.registry import MODELS
from segvg.structures import GroundingBatch, GroundingDataSample, TextTokens
from segvg.utils.configs import load
from tests.models.grounders.test_two_tower import make_batch
from tests.toy import ROOT, shrink

BASES = ROOT / 'configs' / '_base_' / 'models'
ALL = pytest.mark.parametrize('name', [
    'siri_r101', 'siri_masks_r101', 'mdetr_r101', 'mdetr_masks_r101'])


def build(name: str, tmp_path, **head) -> torch.nn.Module:
    cfg = load(BASES / f'{name}.py')
    shrink(cfg._cfg_dict, tmp_path)
    cfg.model.head.update(head)
    init_default_scope('segvg')
    torch.manual_seed(0)
    return MODELS.build(cfg.model).eval()


def make_samples(counts=(1, 1, 1), length: int = 6) -> list[GroundingDataSample]:
    """Samples of ``make_batch`` with a number of targets each."""
    samples = []
    for number, count in enumerate(counts):
        meta = dict(ori_shape=(128, 128), img_shape=(64, 64), scale_factor=(0.5, 0.5),
                    pad_offset=(0, 0), paste_offset=(0, 0), canvas_shape=(64, 64),
                    text=f'text {number}', img_path='a.jpg')
        sample = GroundingDataSample(metainfo=meta)
        corner = torch.arange(count).float()[:, None] * 8 + 4
        masks = torch.zeros(count, 64, 64, dtype=torch.bool)
        masks[:, 10:20, 10:30] = True
        positive = torch.zeros(count, length)
        positive[:, 1:3] = 1
        sample.gt_instances = InstanceData(
            bboxes=torch.cat([corner, corner, corner + 20, corner + 16], 1),
            masks=masks, positive_map=positive)
        samples.append(sample)
    return samples


def same(first, second) -> None:
    for ours, theirs in zip(first, second, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@ALL
@torch.no_grad()
def test_batch_mates_order_and_text_padding_do_not_matter(name, tmp_path):
    model, batch = build(name, tmp_path), make_batch()
    out = model(batch)[-1]
    for b, i in enumerate(batch.image_index):
        keep = ~batch.text.padding_mask[b]
        alone = GroundingBatch(
            batch.images[i:i + 1], batch.padding_mask[i:i + 1],
            TextTokens(batch.text.ids[b:b + 1, keep],
                       batch.text.padding_mask[b:b + 1, keep]), torch.tensor([0]))
        same([part[:, 0] for part in model(alone)[-1]], [part[:, b] for part in out])


@torch.no_grad()
def test_image_padding_does_not_matter(tmp_path):
    """What lies under the padding mask is never seen by the transformer."""
    model, batch = build('siri_r101', tmp_path), make_batch()
    tokens = model.encode_image(batch)
    changed = tokens.feats.clone()
    changed[tokens.padding_mask] = 9.0
    first, second = (model.head(model.fuse(part.select(batch.image_index), batch))[0]
                     for part in (tokens, tokens._replace(feats=changed)))
    same(first, second)


@ALL
@pytest.mark.parametrize('counts', [(1, 1, 1), (2, 0, 1), (0, 0, 0)])
def test_losses_with_no_one_and_two_targets(name, counts, tmp_path):
    model = build(name, tmp_path).train()
    losses = model(make_batch(), make_samples(counts), 'loss')
    wanted = {'loss_ce', 'loss_bbox', 'loss_giou'}
    wanted |= {'loss_mask', 'loss_dice'} if 'masks' in name else set()
    wanted |= {'loss_contrastive_align'} if name == 'mdetr_r101' else set()
    assert set(losses) == wanted
    sum(losses.values()).backward()
    assert all(torch.isfinite(value) for value in losses.values())
    without = [key for key, p in model.named_parameters()
               if p.requires_grad and p.grad is None]
    assert without == []


@torch.no_grad()
def test_two_decoders_start_equal_and_differ_by_queries(tmp_path):
    model = build('siri_r101', tmp_path, num_decoders=2, predict_from='best')
    for parts in (model.head.decoders, model.head.classify, model.head.box):
        for ours, theirs in zip(*(part.parameters() for part in parts)):
            assert torch.equal(ours, theirs) and ours is not theirs
    first, second = model(make_batch())
    assert not torch.allclose(first.boxes, second.boxes)
    chosen = model.head.choose([first, second])
    for b in range(3):
        better = max((first, second), key=lambda out: out.scores[b].max())
        assert torch.equal(chosen.boxes[:, b], better.boxes[:, b])


@pytest.mark.slow
@pytest.mark.parametrize('name,number', [
    ('siri_r101', 2), ('siri_r101', 1), ('mdetr_r101', 1)])
def test_published_size(name, number):
    """As counted in the published code, less what it never runs."""
    cfg = load(BASES / f'{name}.py')
    cfg.model.head.num_decoders = number
    init_default_scope('segvg')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    count = sum(p.numel() for n, p in model.named_parameters()
                if '.bn' not in n and 'downsample.1' not in n)
    pooler, language, encoder, text_proj = 590_592, 124_645_632, 7_890_432, 197_376
    dead, decoder = 265_474, 9_473_024
    both = 351_730_128 - language - encoder - text_proj - 2 * dead - pooler
    second = decoder + 265_224 // 2 + 514 + 512
    published = {('siri_r101', 2): both, ('siri_r101', 1): both - second,
                 ('mdetr_r101', 1): 185_382_724 - pooler}
    assert count == published[name, number]


@torch.no_grad()
def test_predictions_are_in_the_original_image_and_rank_phrases(tmp_path):
    model, samples = build('mdetr_r101', tmp_path), make_samples()
    samples[0].set_data(dict(phrase_tokens=torch.eye(6)[1:3]))
    model(make_batch(), samples, 'predict')
    out = model(make_batch())[-1]
    first = samples[0].pred_instances
    cx, cy, w, h = (out.boxes[-1, 0] * 128).unbind(-1)
    torch.testing.assert_close(first.bboxes, torch.stack(
        [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], -1))
    torch.testing.assert_close(first.phrase_scores,
                               out.logits[-1, 0].softmax(-1)[:, 1:3])
    assert 'phrase_scores' not in samples[1].pred_instances


@pytest.mark.parametrize('threshold', [None, 0.0, 1.1])
@torch.no_grad()
def test_masks_of_the_best_query_or_of_all_above_a_threshold(threshold, tmp_path):
    model = build('siri_masks_r101', tmp_path, mask_threshold=threshold)
    samples = model(make_batch(), make_samples(), 'predict')
    count = {None: 1, 0.0: 16, 1.1: 0}[threshold]
    found = samples[0].pred_instances
    assert found.masks.shape == (count, 128, 128) and found.masks.dtype == torch.bool
    assert len(found.bboxes) == len(found.scores) == count


def test_single_targets_are_matched_as_by_the_assignment():
    torch.manual_seed(0)
    logits, boxes = torch.randn(3, 2, 5, 2), torch.rand(3, 2, 5, 4) * 0.5 + 0.2
    single = SetTargets(torch.tensor([[.5, .5, .2, .2]]), torch.tensor([[1., 0.]]))
    empty = SetTargets(torch.zeros(0, 4), torch.zeros(0, 2))
    pair = SetTargets(single.boxes.repeat(2, 1), single.positive_map.repeat(2, 1))
    match = HungarianMatcher()
    fast = match(logits, boxes, [empty, single])
    assert fast.batch.tolist() == [1, 1, 1] and fast.targets.tolist() == [0, 0, 0]
    slow = match(logits, boxes, [pair, single])
    last = slow.targets == 2
    assert slow.queries[last].tolist() == fast.queries.tolist()


def test_wrong_settings_are_told(tmp_path):
    with pytest.raises(ValueError, match="predict_from is one of .* not 'middle'"):
        build('siri_r101', tmp_path, predict_from='middle')
    with pytest.raises(ValueError, match='mask_branch and loss_mask come together'):
        SetBoxHead(dict(type='SetLoss'), 8, 1, heads=1, hidden=8,
                   mask_branch=dict(type='AttentionMaskBranch'))


def test_what_the_pipeline_forgot_is_told(tmp_path):
    samples = make_samples()
    del samples[0].gt_instances.masks
    with pytest.raises(ValueError, match="'masks' is missing for expression 'text 0'"):
        build('siri_masks_r101', tmp_path)(make_batch(), samples, 'loss')
    del samples[0].gt_instances.positive_map
    model = build('mdetr_r101', tmp_path)
    with pytest.raises(ValueError, match='TokenizeCaption has to tokenize it'):
        model(make_batch(), samples, 'loss')
    samples[0].gt_instances.positive_map = torch.zeros(1, 300)
    with pytest.raises(ValueError, match='300 tokens .* but 255 classes'):
        model(make_batch(), samples, 'loss')


def test_score_is_what_is_not_no_object():
    logits = torch.tensor([[[[2.0, 1.0, 0.0]]]])
    out = SetOutputs(logits, torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 1, 4))
    torch.testing.assert_close(out.scores, 1 - logits[-1].softmax(-1)[..., -1])
