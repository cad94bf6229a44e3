"""SiRi: https://github.com/qumengxue/siri-vg."""
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Sequence

import torch
from torch import Tensor, nn

from segvg.bench.published.adapter import Adapter, Inputs
from segvg.bench.published.stand_ins import from_config, import_torchvision, provide

#: What its main.py and refcocog.sh set of the model, with one decoder.
SETTINGS: dict[str, Any] = dict(
    backbone='resnet101', dilation=False, position_embedding='sine', enc_layers=6,
    dec_layers=6, dim_feedforward=2048, hidden_dim=256, dropout=0.1, nheads=8,
    num_queries=16, pre_norm=False, pass_pos_and_query=True, mask_model='none',
    masks=False, aux_loss=True, set_loss='hungarian', contrastive_loss=False,
    contrastive_align_loss=False, contrastive_loss_hdim=64, temperature_NCE=0.07,
    set_cost_class=1, set_cost_bbox=5, set_cost_giou=2, ce_loss_coef=1,
    bbox_loss_coef=5, giou_loss_coef=2, eos_coef=0.1, lr_backbone=5e-5,
    text_encoder_type='roberta-base', freeze_text_encoder=False, do_qa=False,
    split_qa_heads=False, predict_final=False, no_detection=False,
    frozen_weights=None, cascade_num=1, device='cpu')


class IdTokenizer:
    """Reads texts that are token ids already; the model tokenizes by itself."""

    @classmethod
    def from_pretrained(cls, *args: Any) -> 'IdTokenizer':
        """Return a tokenizer; there is nothing to read."""
        return cls()

    def batch_encode_plus(self, texts: Sequence[str], **kwargs: Any) -> Any:
        """Return the ids (B, L) of texts of equal lengths."""
        ids = torch.tensor([[int(word) for word in text.split()] for text in texts])
        return import_module('transformers').BatchEncoding(
            dict(input_ids=ids, attention_mask=torch.ones_like(ids)))


class SiRi(Adapter):
    """SiRi with one decoder and ResNet-101; see ``Adapter``.

    Sentences have 40 tokens, not the 512 that our config allows: the longest of a batch
    decides, and sentences of RefCOCO are short. Images pass the test pipeline, since
    that of training may crop the target away.
    """
    repository = 'https://github.com/qumengxue/siri-vg'
    commit = '1fa6b05'
    file = 'models/mdetr.py'
    rules = 'siri'
    config = 'siri/siri_refcoco.py'
    options = dict(max_tokens=40)
    train_loader = 'test_dataloader'
    max_norm = 0.1

    def build(self) -> nn.Module:
        """Return SiRi."""
        import_torchvision()
        roberta = import_module('transformers')
        from_config(roberta.RobertaModel, roberta.RobertaConfig(
            vocab_size=50265, max_position_embeddings=514, type_vocab_size=1,
            layer_norm_eps=1e-5))
        roberta.RobertaTokenizerFast = IdTokenizer
        provide('timm.models', create_model=None)
        model, self.criterion, _, _, self.weights = import_module(
            'models').build_model(SimpleNamespace(**SETTINGS))
        return model

    def call(self, model: nn.Module, inputs: Inputs) -> dict[str, Any]:
        """Return what the model returns."""
        images = import_module('util.misc').NestedTensor(inputs.images,
                                                         inputs.padding_mask)
        texts = [' '.join(map(str, ids)) for ids in inputs.ids.tolist()]
        memory = model(None, images, texts, encode_and_save=True)
        return model(None, images, texts, encode_and_save=False, memory_cache=memory)

    def answer(self, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
        """Return logits and boxes (B, Q, ...) of the last layer."""
        found = self.call(model, inputs)
        return dict(boxes=found['pred_boxes'], logits=found['pred_logits'])

    def ours(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return our logits and boxes of the last layer."""
        found = model(batch)[-1]
        return dict(boxes=found.boxes[-1], logits=found.logits[-1])

    def loss(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """Return the weighted sum of the losses of all layers."""
        targets = [dict(boxes=box[None], labels=torch.zeros(1, dtype=torch.int64))
                   for box in inputs.boxes]
        positive = inputs.images.new_tensor([[1.0, 0.0]]).expand(len(targets), -1)
        terms = self.criterion(self.call(model, inputs), targets, positive)
        return torch.stack([value * self.weights[name] for name, value in terms.items()
                            if name in self.weights]).sum()


ADAPTER = SiRi()
