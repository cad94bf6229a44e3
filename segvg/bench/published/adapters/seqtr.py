"""SeqTR: https://github.com/sean-zhuh/SeqTR."""
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from segvg.bench.published.adapter import Adapter, Inputs
from segvg.bench.published.stand_ins import import_torchvision

WORDS = 20000  # of our config without a vocabulary


class SeqTR(Adapter):
    """SeqTR for boxes; see ``Adapter``. It needs mmcv 1 and mmdet 2.

    Images pass the test pipeline: that of training gives every image another size.
    """
    repository = 'https://github.com/sean-zhuh/SeqTR'
    commit = '807de1f'
    file = 'seqtr/models/det_seg/seqtr.py'
    rules = 'seqtr'
    config = 'seqtr/seqtr_det_refcoco.py'
    train_loader = 'test_dataloader'
    max_norm = 0.15

    def build(self) -> nn.Module:
        """Return SeqTR, built from its config."""
        import_torchvision()  # mmcv and mmdet import it
        models = import_module('seqtr.models')
        config = import_module('mmcv').Config.fromfile(
            Path(models.__file__).parents[2]
            / 'configs/seqtr/detection/seqtr_det_darknet.py')
        config.model.vis_enc.pretrained = None
        self.settings = config.optimizer_config
        vectors = torch.zeros(WORDS, 300).numpy()
        return models.build_model(config.model, word_emb=vectors, num_token=WORDS)

    def call(self, model: nn.Module, inputs: Inputs, **options: Any) -> Any:
        """Return what the model returns."""
        shape = (*inputs.images.shape[-2:], 3)
        metas = [dict(img_shape=shape, pad_shape=shape, scale_factor=[1.0] * 4)
                 for _ in inputs.ids]
        return model(inputs.images, inputs.ids, metas, rescale=False, **options)

    def answer(self, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
        """Return the boxes (B, 4) in pixels of the canvas."""
        found = self.call(model, inputs, return_loss=False, with_bbox=True)
        return dict(boxes=found['pred_bboxes'])

    def ours(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return our boxes (B, 4) in pixels of the canvas."""
        tokens, = model(batch)
        height, width = batch.images.shape[-2:]
        frame = torch.tensor([[width, height]]).expand(len(tokens), -1)
        return dict(boxes=model.head.dequantise(tokens[:, :4], frame))

    def loss(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """Return the loss of the sequence."""
        losses, _ = self.call(model, inputs, gt_bbox=list(inputs.bboxes))
        return losses['loss_det']

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return Adam with the published settings."""
        settings = {key: value for key, value in self.settings.items()
                    if key != 'type'}
        return torch.optim.Adam(
            [p for p in model.parameters() if p.requires_grad], **settings)


ADAPTER = SeqTR()
