"""TransVG: https://github.com/djiajunustc/TransVG."""
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from segvg.bench.published.adapter import Adapter, Inputs
from segvg.bench.published.stand_ins import from_config, import_torchvision

#: What its train.py and train.sh set of the model; SegVG has the same.
SETTINGS: dict[str, Any] = dict(
    backbone='resnet101', dilation=False, position_embedding='sine', enc_layers=6,
    dec_layers=0, dim_feedforward=2048, hidden_dim=256, dropout=0.1, nheads=8,
    num_queries=100, pre_norm=False, imsize=640, bert_model='bert-base-uncased',
    bert_enc_num=12, detr_enc_num=6, vl_dropout=0.1, vl_nheads=8, vl_hidden_dim=256,
    vl_dim_feedforward=2048, vl_enc_layers=6, lr_bert=1e-5, lr_visu_cnn=1e-5,
    lr_visu_tra=1e-5)


def nested(tensors: Tensor, mask: Tensor) -> Any:
    """Return a pair as the code of this family takes it."""
    return import_module('utils.misc').NestedTensor(tensors, mask)


class TransVG(Adapter):
    """TransVG with ResNet-101; see ``Adapter``."""
    repository = 'https://github.com/djiajunustc/TransVG'
    commit = 'c862427'
    file = 'models/trans_vg.py'
    rules = 'transvg'
    config = 'transvg/transvg_r101_refcoco.py'
    words = 20

    def build(self) -> nn.Module:
        """Return TransVG."""
        import_torchvision()
        bert = import_module('pytorch_pretrained_bert.modeling')
        from_config(bert.BertModel, bert.BertConfig(30522))
        return import_module('models').build_model(SimpleNamespace(
            **SETTINGS, max_query_len=self.words))

    def call(self, model: nn.Module, inputs: Inputs) -> Any:
        """Return what the model returns."""
        return model(nested(inputs.images, self.padding(inputs)),
                     nested(inputs.ids, (~inputs.text_padding_mask).long()))

    def padding(self, inputs: Inputs) -> Tensor:
        """Return the padding mask (B, H, W) that its data loader gives."""
        return inputs.padding_mask

    def answer(self, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
        """Return the boxes (B, 4)."""
        return dict(boxes=self.call(model, inputs))

    def ours(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return our boxes (B, 4)."""
        return dict(boxes=model(batch)[:, 0])

    def loss(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """Return the sum of both box losses."""
        terms = import_module('utils.loss_utils').trans_vg_loss(
            self.call(model, inputs), inputs.boxes)
        return torch.stack(list(terms.values())).sum()


ADAPTER = TransVG()
