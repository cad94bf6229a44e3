"""Published code beside ours: equal answers or no times, and clear refusals.

The checkout is made here. It has the interface of TransVG's; its model is ours.
"""
import json
import subprocess
from importlib import import_module
from types import SimpleNamespace

import pytest
import torch

from segvg.bench.published import pair
from segvg.bench.published.adapter import DECIDED, NAMES, Inputs, find_adapter
from segvg.bench.published.child import STATUS, forget_peak, peak_since, without_dropout
from segvg.bench.published.stand_ins import draw_weights, provide
from segvg.bench.published.theirs import Theirs
from segvg.checkpoints.rules import RULES
from segvg.utils.errors import InputError
from segvg.utils.profiling import CPU
from tests.bench.forked_child import ForkedChild
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT

TOOL = 'analysis_tools/benchmark_all.py'
FAKE = 'tests.bench.fake_published'
FILES = {
    'models/__init__.py': '''
        import torch
        from mmengine.registry import init_default_scope
        from segvg.registry import MODELS
        from segvg.structures import GroundingBatch, TextTokens
        from segvg.utils.configs import drop_init, load

        class Model(torch.nn.Module):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner

            def forward(self, image, text):
                batch = GroundingBatch(
                    image.tensors, image.mask, TextTokens(text.tensors, text.mask == 0),
                    torch.arange(len(image.tensors)))
                return self.inner(batch)[:, 0] + SHIFT

        def build_model(args):
            print('a model may print')
            init_default_scope('segvg')
            cfg = load(CONFIG)
            drop_init(cfg.model)
            return Model(MODELS.build(cfg.model))
        ''',
    'utils/misc.py': '''
        from collections import namedtuple
        NestedTensor = namedtuple('NestedTensor', 'tensors mask')
        ''',
    'utils/loss_utils.py': '''
        from segvg.models.losses.box_loss import BoxLoss

        def trans_vg_loss(boxes, targets):
            return BoxLoss(L1, GIOU)(boxes, targets, 1.0, len(boxes))
        '''}


@pytest.fixture
def checkout(tmp_path):
    """Return a function that makes a checkout, its answers shifted by a number."""
    def make(shift=0.0, first_line=''):
        values = dict(SHIFT=repr(shift), L1='5.0', GIOU='2.0', CONFIG=repr(str(
            ROOT / 'configs/transvg/transvg_tiny_synthref_l0.py')))
        for name, text in FILES.items():
            lines = [line.removeprefix(' ' * 8) for line in text.splitlines()]
            text = '\n'.join([first_line, *lines])
            for key, value in values.items():
                text = text.replace(key, value)
            path = tmp_path / 'checkout' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / 'checkout'
    return make


@pytest.fixture
def forked(monkeypatch):
    """Return the sides that are forked, all at first, instead of started anew."""
    sides = {'ours', 'theirs'}

    def start(command, **settings):
        side = command[3]
        return (ForkedChild if side in sides else subprocess.Popen)(command, **settings)

    monkeypatch.setattr('segvg.bench.published.pair.subprocess', SimpleNamespace(
        **{**vars(subprocess), 'Popen': start}))
    return sides


@pytest.mark.slow
def test_equal_models_are_timed(checkout, forked, monkeypatch, tmp_path, capsys):
    forked.remove('theirs')
    file = tmp_path / 'out.json'
    arguments = (TOOL, '--published', f'{FAKE}={checkout()}', '--iters', 1, '--threads',
                 1, '--device', 'cpu', '--json', file)
    run_tool(monkeypatch, *arguments)
    figures = json.loads(file.read_text())
    assert (figures['iters'], figures['threads'], figures['sentences']) == (1, 1, 7)
    method, = figures['methods']
    assert method['name'] == FAKE and method['commit'] is None
    assert set(method['differences']) == {'infer boxes', 'train boxes', 'train loss'}
    for phase in ('train', 'infer'):
        ours, theirs = method[phase]['ours'], method[phase]['theirs']
        assert min(ours['seconds'], theirs['seconds']) > 0
        assert min(ours['mib'], theirs['mib']) > 50  # torch alone takes more
        assert method[phase]['ratio']['seconds'] == pytest.approx(
            theirs['seconds'] / ours['seconds'])
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.startswith(f'| {FAKE} | - |') and row.count(' x |') == 2
    # what was measured is not replaced in silence
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, *arguments)


@pytest.mark.slow
def test_unequal_models_are_not_timed(checkout, forked, monkeypatch):
    message = tool_error(monkeypatch, TOOL, '--published', f'{FAKE}={checkout(0.01)}',
                         '--iters', 1, '--threads', 1, '--device', 'cpu')
    assert "'infer boxes'" in message and 'differ by 0.01, 0.0001 is allowed' in message
    assert 'are not compared' in message


@pytest.mark.slow
def test_missing_package_is_named(checkout, forked, monkeypatch):
    folder = checkout(first_line='import a_package_of_old')
    message = tool_error(monkeypatch, TOOL, '--published', f'{FAKE}={folder}',
                         '--device', 'cpu')
    assert f"{FAKE}, theirs: the published code needs the package 'a_package_of_old'" \
        in message and '--published-python' in message


@pytest.mark.slow
def test_device_that_is_not_there_is_told(checkout, monkeypatch):
    assert "not 'gpu'" in tool_error(monkeypatch, TOOL, '--published',
                                     f'{FAKE}={checkout()}', '--device', 'gpu')


def test_the_faster_way_is_taken_however_slow_the_first_step_is(monkeypatch):
    """A batch of three takes 1 s, a sentence alone 1 s, whatever is first 9 s more."""
    clock = [0.0]

    def answer(model, inputs):
        clock[0] += 1 + 9 * (clock[0] == 0)

    side = Theirs.__new__(Theirs)
    side.model, side.device, side.one_by_one = None, CPU, None
    side.adapter = SimpleNamespace(answer=answer)
    side.inputs = dict(infer=Inputs(
        torch.zeros(3, 3, 2, 2), torch.zeros(3, 2, 2).bool(), torch.zeros(3, 1).long(),
        torch.zeros(3, 1).bool(), torch.arange(3), torch.zeros(3, 4)))
    monkeypatch.setattr('segvg.bench.published.theirs.time', SimpleNamespace(
        perf_counter=lambda: clock[0]))
    side.infer()
    assert side.one_by_one is False  # 1 s a time against 3 s
    before = clock[0]
    side.infer()
    assert clock[0] - before == 1


def test_wrong_checkouts_are_refused(tmp_path):
    for word, wanted in (
            ('segvg', "'segvg' is not NAME=DIR"),
            (f'other={tmp_path}', "'other' is no method .* siri, transvg"),
            (f'segvg={tmp_path}/no', 'does not exist. To make it: git clone https://git'),
            (f'segvg={tmp_path}', 'does not have models/SegVG.py, which every clone')):
        with pytest.raises(InputError, match=wanted):
            pair.read_checkouts([word])
    (tmp_path / 'models').mkdir()
    (tmp_path / 'models/SegVG.py').write_text('')
    assert pair.read_checkouts([f'segvg={tmp_path}']) == dict(segvg=tmp_path)


@pytest.mark.parametrize('name', NAMES)
def test_adapter_names_what_exists(name):
    adapter = find_adapter(name)
    assert adapter.rules in RULES and (ROOT / 'configs' / adapter.config).is_file()
    assert adapter.repository.startswith('https://') and len(adapter.commit) == 7
    named = (ROOT / 'docs/benchmarks.md').read_text()
    assert adapter.repository in named and adapter.commit in named


def test_answers_of_other_shapes_or_names_are_refused():
    boxes = torch.zeros(2, 4)
    for ours, theirs in (({}, dict(boxes=boxes)), (dict(boxes=boxes), {}),
                         (dict(boxes=boxes[:1]), dict(boxes=boxes))):
        with pytest.raises(InputError, match="'boxes' has the shape"):
            list(pair.differences(ours, theirs))
    large = dict(logits=torch.tensor([100.0, 0.0]), loss=torch.tensor(4.0))
    other = dict(logits=torch.tensor([100.0, 0.5]), loss=torch.tensor(5.0))
    found = {name: value for name, value, _ in pair.differences(other, large)}
    assert found == dict(logits=pytest.approx(0.005), loss=pytest.approx(0.25))


def test_difference_that_is_no_number_is_refused(tmp_path):
    for side, value in (('ours', float('nan')), ('theirs', 1.0)):
        torch.save(dict(boxes=torch.tensor([value])), tmp_path / f'answers_{side}.pt')
    with pytest.raises(InputError, match='differ by nan'):
        pair.check_equal(tmp_path)


class PublishedDecoder(torch.nn.Module):
    """Has the interface of ReLA's decoder: two layers, two heads, a map of pixels."""
    num_heads = 2

    def forward(self, scores):
        for layer in range(3):
            self.forward_prediction_heads(scores + layer)

    def forward_prediction_heads(self, scores, attn_mask_target_size=None):
        return None, None, (scores < 0.5).repeat_interleave(2, 0), None, None


class OurDecoder(torch.nn.Module):
    """Blocks what is below a half, a bit later than the other."""

    def forward(self, scores):
        return [self.blocked(scores + layer, torch.zeros(())) for layer in range(2)]

    def blocked(self, regions, mask_features):
        return regions < 0.6


def test_rela_goes_on_with_the_published_decisions():
    adapter = find_adapter('rela')
    theirs, ours = (SimpleNamespace(**{part: SimpleNamespace(**{name: decoder})})
                    for part, name, decoder in (
                        ('sem_seg_head', 'predictor', PublishedDecoder()),
                        ('head', 'decoder', OurDecoder())))
    scores = torch.tensor([[[0.1, 0.55, 0.7, 0.9]]])  # (B, regions, pixels)
    noted = []
    with adapter.note_decisions(theirs, noted):
        theirs.sem_seg_head.predictor(scores)
        theirs.sem_seg_head.predictor(-scores)
    # the last decision of a pass is for no layer
    assert [each.tolist() for each in noted] == [
        [[[True, False, False, False]]], [[[False] * 4]],
        [[[True] * 4]], [[[False, True, True, True]]]]
    with adapter.take_decisions(ours, noted) as shares:
        taken = ours.head.decoder(scores)
    assert taken[0].tolist() == noted[0].tolist() and shares == [0.25, 0.0]
    for decoder in (theirs.sem_seg_head.predictor, ours.head.decoder):
        assert not {'blocked', 'forward_prediction_heads'} & set(vars(decoder))
    theirs.sem_seg_head.predictor(scores)
    assert len(noted) == 4


def test_few_turned_decisions_are_allowed(tmp_path):
    for share, allowed in ((2e-4, True), (4e-4, False)):
        for side, value in (('ours', share), ('theirs', 0.0)):
            torch.save({DECIDED: torch.tensor([0.0, value])},
                       tmp_path / f'answers_{side}.pt')
        if allowed:
            assert pair.check_equal(tmp_path)[DECIDED] == pytest.approx(share)
            continue
        with pytest.raises(InputError, match='0.0004, 0.0003 is allowed'):
            pair.check_equal(tmp_path)


def test_log_explains_a_failure():
    assert pair.explain('Traceback\nValueError: no\n').startswith('ValueError: no\n')
    assert pair.explain('') == 'it ended without a message'
    assert "'mmcv'" in pair.explain("ModuleNotFoundError: No module named 'mmcv.ops'")


def test_inputs_repeat_the_image_and_give_normalised_boxes():
    inputs = Inputs(
        images=torch.rand(1, 3, 20, 40), padding_mask=torch.zeros(1, 20, 40).bool(),
        ids=torch.arange(6).view(2, 3), text_padding_mask=torch.zeros(2, 3).bool(),
        image_index=torch.zeros(2).long(),
        bboxes=torch.tensor([[0., 0., 20., 10.], [20., 5., 40., 15.]]))
    each = inputs.one_image_each()
    assert each.images.shape[0] == 2 and each.image_index.tolist() == [0, 1]
    second = each.sentence(1)
    assert second.ids.tolist() == [[3, 4, 5]] and second.image_index.tolist() == [0]
    assert second.masks is None
    torch.testing.assert_close(
        inputs.boxes, torch.tensor([[.25, .25, .5, .5], [.75, .5, .5, .5]]))


def test_drawn_weights_have_no_zeros():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
    torch.nn.init.zeros_(model[0].weight)
    draw_weights(model)
    weight = model[0].weight.detach()
    assert (weight != 0).all() and 0.1 < weight.std() * 27**0.5 < 2
    assert (model[1].running_var >= 1).all() and model[1].num_batches_tracked == 0
    again = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
    draw_weights(again)
    torch.testing.assert_close(again.state_dict(), model.state_dict())


def test_dropout_is_off_only_within():
    drop, ones = torch.nn.Dropout(0.5), torch.ones(1000)
    attention = torch.nn.MultiheadAttention(8, 2, dropout=0.5)
    tokens = torch.rand(5, 1, 8)
    with without_dropout():
        assert (drop(ones) == 1).all()
        torch.testing.assert_close(attention(tokens, tokens, tokens)[0],
                                   attention.eval()(tokens, tokens, tokens)[0])
    assert (drop(ones) == 0).any()


@pytest.mark.skipif(not STATUS.exists(), reason='needs /proc/self/status')
def test_peak_of_memory_begins_anew():
    forget_peak(CPU)
    before = peak_since(CPU)
    held = torch.ones(200, 2**20 // 4)  # 200 MiB
    assert peak_since(CPU) > before + 150
    del held
    forget_peak(CPU)
    assert peak_since(CPU) < before + 100


def test_stand_in_is_used_only_for_what_is_missing(monkeypatch):
    import sys
    for name in ('a_package_of_old', 'a_package_of_old.part'):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    provide('a_package_of_old.part', value=3)
    assert import_module('a_package_of_old.part').value == 3
    provide('json', loads=None)
    assert json.loads('1') == 1
