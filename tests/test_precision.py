"""Every method in bfloat16 on a CPU; compiled, padded and folded ones answer alike."""
from typing import Optional

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch import nn

from segvg.engine.speed import use_precision
from segvg.models.inference import prepare_inference
from segvg.registry import MODELS
from segvg.utils.precision import precision
from tests.every_method import METHODS, batch_of, make_folders, method_config
from tests.toy import parts_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    return make_folders(tmp_path_factory.mktemp('precision'))


@pytest.fixture
def toy(folders, tmp_path):
    """Return a function from a name, and a number of layers, to a config and a model.
    """
    def build(name: str, layers: Optional[int] = None) -> tuple[Config, nn.Module]:
        cfg = method_config(name, folders, tmp_path)
        for part in parts_of(cfg.model) if layers else ():
            if 'num_layers' in part:
                part['num_layers'] = layers
        torch.manual_seed(0)
        return cfg, MODELS.build(cfg.model)

    return build


def predict(model: nn.Module, batch: dict) -> list:
    with torch.no_grad():
        return model.eval().test_step(batch)


def assert_alike(samples: list, others: list, tolerance: float) -> None:
    for one, other in zip(samples, others, strict=True):
        torch.testing.assert_close(one.pred_instances.scores,
                                   other.pred_instances.scores, rtol=0, atol=tolerance)
        torch.testing.assert_close(one.pred_instances.bboxes,
                                   other.pred_instances.bboxes, rtol=0,
                                   atol=100 * tolerance)


@pytest.mark.parametrize('name', METHODS)
def test_bfloat16_trains_and_predicts_on_a_cpu(name, toy):
    cfg, model = toy(name)
    cfg.optim_wrapper.dtype = 'bfloat16'
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    losses = model.train().train_step(batch_of(cfg.train_dataloader, 0, 1), wrapper)
    assert all(value.isfinite() for value in losses.values())
    use_precision(model, 'bfloat16')
    for sample in predict(model, batch_of(cfg.test_dataloader, 0, 1)):
        assert sample.pred_instances.bboxes.isfinite().all()


@pytest.mark.parametrize('name', [
    'seqtr/seqtr_tiny_det_synthref_l0', 'siri/siri_masks_refcoco'])
def test_compiled_model_answers_alike_for_any_number_of_expressions(name, toy):
    cfg, model = toy(name, layers=1)  # every layer is traced anew, in the same way
    batches = [batch_of(cfg.test_dataloader, *numbers)
               for numbers in ((0, 1), (0, 1, 2))]
    plain = [predict(model, own) for own in batches]
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    model.compile_parts(backend='eager')
    for own, samples in zip(batches, plain):
        assert_alike(predict(model, own), samples, 1e-5)
    counters = torch._dynamo.utils.counters
    assert not counters['graph_break']
    assert counters['stats']['unique_graphs'] == 2  # network and head, once each
    torch._dynamo.reset()


@pytest.mark.parametrize('name', [
    'segvg/segvg_tiny_synthref_l0', 'siri/siri_tiny_synthref_l0',
    'reftr/reftr_tiny_captions_synthref_l0', 'instancevg/instancevg_tiny_synthref_l1'])
def test_padding_of_texts_changes_nothing(name, toy):
    cfg, model = toy(name)
    own = batch_of(cfg.test_dataloader, 0, 1)
    plain = predict(model, own)
    model.data_preprocessor.text_multiple = 8
    assert_alike(predict(model, own), plain, 1e-5)


@pytest.mark.parametrize('name', ['segvg/segvg_refcoco', 'seqtr/seqtr_det_refcoco'])
def test_folded_model_answers_alike(name, toy):
    cfg, model = toy(name)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.1, 0.1)
    own = batch_of(cfg.test_dataloader, 0, 1)
    plain = predict(model, own)
    assert_alike(predict(prepare_inference(model), own), plain, 1e-4)
    assert not any(isinstance(module, nn.modules.batchnorm._BatchNorm)
                   for module in model.image_encoder.modules())


def test_other_types_are_refused():
    with pytest.raises(ValueError, match="dtype is one of .* not 'half'"):
        precision('cpu', 'half')
