"""ReLA: https://github.com/henghuiding/ReLA."""
import contextlib
from importlib import import_module
from pathlib import Path
from typing import Any, Iterator

import torch
from torch import Tensor, nn

from segvg.bench.published.adapter import Adapter, Inputs
from segvg.bench.published.stand_ins import from_config, import_torchvision, provide

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


class ReLA(Adapter):
    """ReLA with ResNet-50; see ``Adapter``. It needs detectron2.

    Without its compiled operator, deformable attention takes the way in PyTorch that
    its code has for the CPU.
    """
    repository = 'https://github.com/henghuiding/ReLA'
    commit = '3ca9551'
    file = 'gres_model/GRES.py'
    rules = 'rela'
    config = 'rela/rela_r50_grefcoco.py'
    max_norm = 0.01

    def build(self) -> nn.Module:
        """Return GRES, built from its config."""
        import_torchvision()
        provide('MultiScaleDeformableAttention')
        bert = import_module('transformers')
        from_config(bert.BertModel, bert.BertConfig())
        gres = import_module('gres_model')
        cfg = import_module('detectron2.config').get_cfg()
        import_module('detectron2.projects.deeplab').add_deeplab_config(cfg)
        gres.add_maskformer2_config(cfg)
        gres.add_refcoco_config(cfg)
        cfg.merge_from_file(str(Path(gres.__file__).parents[1]
                                / 'configs/referring_R50.yaml'))
        cfg.MODEL.DEVICE = 'cpu'
        return gres.GRES(cfg)

    @torch.no_grad()
    def draw(self, model: nn.Module) -> None:
        """Draw the weights; logits of masks, sums over many products, are about one."""
        super().draw(model)
        last = model.sem_seg_head.predictor.mask_embed.layers[-1]
        for parameter in last.parameters():
            parameter.mul_(1 / 300)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return AdamW without what its train_net.py leaves out of the text encoder."""
        text = model.text_encoder
        left_out = {id(p) for part in (text.embeddings, *text.encoder.layer[10:])
                    for p in part.parameters()}
        return torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad
             and id(p) not in left_out], 1e-5, weight_decay=0.05)

    def call(self, model: nn.Module, inputs: Inputs) -> Any:
        """Return what the model returns; it normalises images by itself."""
        mean, std = (inputs.images.new_tensor(values)[:, None, None]
                     for values in (MEAN, STD))
        structures = import_module('detectron2.structures')
        samples: list[dict[str, Any]] = []
        for number, image in enumerate(inputs.images * std + mean):
            samples.append(dict(
                image=image, lang_tokens=inputs.ids[number:number + 1],
                lang_mask=(~inputs.text_padding_mask[number:number + 1]).long()))
            if inputs.masks is not None:
                mask = inputs.masks[number:number + 1].bool()
                samples[-1].update(
                    instances=structures.Instances(
                        tuple(image.shape[-2:]), gt_masks=mask,
                        gt_classes=torch.zeros(1, dtype=torch.int64)),
                    gt_mask_merged=mask, empty=False)
        return model(samples)

    def answer(self, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
        """Return probabilities: masks (B, 2, H, W), no target (B, 2)."""
        found = self.call(model, inputs)
        return dict(masks=torch.stack([each['ref_seg'] for each in found]),
                    no_target=torch.stack([each['nt_label'] for each in found]))

    def ours(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return our probabilities."""
        found = model(batch)
        masks = nn.functional.interpolate(
            found.masks, size=batch.images.shape[-2:], mode='bilinear',
            align_corners=False)
        return dict(masks=masks.sigmoid(), no_target=found.no_target.sigmoid())

    @contextlib.contextmanager
    def note_decisions(self, model: nn.Module, noted: list[Tensor]) -> Iterator[None]:
        """Note where regions may not look, (B, Q, N), in each layer."""
        decoder = model.sem_seg_head.predictor
        predict = decoder.forward_prediction_heads

        def note(*args: Any, **kwargs: Any) -> Any:
            found = predict(*args, **kwargs)
            noted.append(found[2][::decoder.num_heads].clone())  # equal in all heads
            return found

        def drop_last(*_: Any) -> None:
            noted.pop()  # no layer follows

        decoder.forward_prediction_heads = note
        handle = decoder.register_forward_hook(drop_last)
        try:
            yield
        finally:
            del decoder.forward_prediction_heads
            handle.remove()

    @contextlib.contextmanager
    def take_decisions(self, model: nn.Module, noted: list[Tensor]
                       ) -> Iterator[list[float]]:
        """Let regions look where they do in the published model."""
        decoder = model.head.decoder
        decide, rest = decoder.blocked, iter(noted)
        shares: list[float] = []

        def take(regions: Tensor, mask_features: Tensor) -> Tensor:
            given = next(rest).to(regions.device)
            ours = decide(regions, mask_features)
            shares.append(float((ours != given).float().mean()))
            return given

        decoder.blocked = take
        try:
            yield shares
        finally:
            del decoder.blocked

    def read_sample(self, sample: Any) -> dict[str, Tensor]:
        """Return box and mask of a sample; at test there is no mask."""
        targets = sample.gt_instances
        found = dict(bboxes=targets.bboxes[0])
        if 'masks' in targets:
            found['masks'] = targets.masks[0].float()
        return found

    def loss(self, model: nn.Module, inputs: Inputs) -> Tensor:
        """Return the weighted loss."""
        return torch.stack(list(self.call(model, inputs).values())).sum()


ADAPTER = ReLA()
