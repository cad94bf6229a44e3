"""RefTR: https://github.com/ubc-vision/RefTR."""
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from segvg.bench.published.adapter import Adapter, Inputs
from segvg.bench.published.stand_ins import from_config, import_torchvision

#: What its main_vg.py and RefTR_refcoco_101.sh set of the model.
SETTINGS: dict[str, Any] = dict(
    reftr_type='transformer_single_phrase', masks=False, no_decoder=False,
    backbone='resnet101', dilation=False, position_embedding='sine',
    num_feature_levels=1, enc_layers=6, dec_layers=6, dim_feedforward=2048,
    hidden_dim=256, dropout=0.1, nheads=8, bert_model='bert-base-uncased',
    freeze_bert=False, max_lang_seq=128, num_queries_per_phrase=1, aux_loss=True,
    bbox_loss_coef=1, giou_loss_coef=1, lr_backbone=1e-5, ablation='none',
    device='cpu')


class RefTR(Adapter):
    """RefTR for boxes with ResNet-101; see ``Adapter``."""
    repository = 'https://github.com/ubc-vision/RefTR'
    commit = 'f31b28b'
    file = 'models/reftr_transformer.py'
    rules = 'reftr'
    config = 'reftr/reftr_r101_refcoco.py'
    max_norm = 0.1

    def build(self) -> nn.Module:
        """Return RefTR."""
        import_torchvision()
        bert = import_module('transformers')
        from_config(bert.BertModel, bert.BertConfig())
        model, self.criterion, _ = import_module('models').build_reftr(
            SimpleNamespace(**SETTINGS))
        return model

    def call(self, model: nn.Module, inputs: Inputs) -> dict[str, Any]:
        """Return what the model returns."""
        images = import_module('util.misc').NestedTensor(inputs.images,
                                                         inputs.padding_mask)
        return model(dict(img=images, sentence=inputs.ids,
                          sentence_mask=(~inputs.text_padding_mask).long()))

    def answer(self, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
        """Return the boxes (B, 1, 1, 4)."""
        return dict(boxes=self.call(model, inputs)['pred_boxes'])

    def ours(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return our boxes (B, 1, 1, 4)."""
        return dict(boxes=model(batch).boxes[-1])

    def loss(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """Return the weighted sum of the losses of all layers."""
        targets = [dict(boxes=box[None], labels=torch.zeros(1, dtype=torch.int64))
                   for box in inputs.boxes]
        terms = self.criterion(self.call(model, inputs), targets)
        weights = self.criterion.weight_dict
        return torch.stack([value * weights[name] for name, value in terms.items()
                            if name in weights]).sum()


ADAPTER = RefTR()
