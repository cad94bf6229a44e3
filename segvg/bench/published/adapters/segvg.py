"""SegVG: https://github.com/WeitaiKang/SegVG."""
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from segvg.bench.published.adapter import Inputs
from segvg.bench.published.adapters.transvg import SETTINGS, TransVG
from segvg.bench.published.stand_ins import from_config, import_torchvision, provide


class SegVG(TransVG):
    """SegVG with ResNet-101; see ``Adapter``."""
    repository = 'https://github.com/WeitaiKang/SegVG'
    commit = 'd416da8'
    file = 'models/SegVG.py'
    rules = 'segvg'
    config = 'segvg/segvg_refcoco.py'
    words = 40
    max_norm = 0.1

    def build(self) -> nn.Module:
        """Return SegVG."""
        import_torchvision()
        bert = import_module('transformers')  # first: it uses scikit-learn if it can
        config = bert.BertConfig()
        bert.BertConfig.from_pretrained = lambda *args, **kwargs: config
        from_config(bert.BertModel, config)
        provide('timm.models.layers', trunc_normal_=nn.init.trunc_normal_)
        provide('sklearn.manifold', TSNE=None)
        model = import_module('models').build_model(SimpleNamespace(
            **SETTINGS, max_query_len=self.words))
        for name, parameter in model.named_parameters():
            if 'pooler' in name:  # its train.py leaves the pooler frozen
                parameter.requires_grad_(False)
        return model

    def padding(self, inputs: Inputs) -> Tensor:
        """Return the mask of its data loader, which hides no padding."""
        return torch.zeros_like(inputs.padding_mask)

    def answer(self, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
        """Return the boxes (B, 4) and the mask (B, N) of the last layer."""
        boxes, masks = self.call(model, inputs)
        return dict(boxes=boxes[-1], masks=masks)

    def ours(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return our boxes and masks."""
        found = model(batch)
        return dict(boxes=found.boxes[-1],
                    masks=found.mask_logits[-1, 0].sigmoid().flatten(1))

    def read_sample(self, sample: Any) -> dict[str, Tensor]:
        """Return box and filled box of a sample; at test there is no mask."""
        targets = sample.gt_instances
        found = dict(bboxes=targets.bboxes[0])
        if 'target_masks' in targets:
            found['masks'] = targets.target_masks[0]
        return found

    def loss(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """Return the sum of box and mask losses of all layers."""
        boxes, masks = self.call(model, inputs)
        terms = import_module('utils.loss_utils').trans_vg_loss(
            boxes, inputs.boxes, masks, inputs.masks.flatten(1))
        return torch.stack(list(terms.values())).sum()


ADAPTER = SegVG()
