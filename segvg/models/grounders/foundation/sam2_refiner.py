"""SAM 2 draws the mask of the object in a box."""
from typing import Any, Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from segvg.models.grounders.foundation.published import (
    SquarePixels,
    check_kind,
    load_network,
    processor_settings,
)
from segvg.registry import MODELS
from segvg.utils.precision import check_dtype


@MODELS.register_module()
class Sam2Refiner(BaseModule):
    """SAM 2 for images, by transformers: from boxes to masks.

    Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024. The image is
    encoded once for all boxes of all sentences; each box gets one mask, the best. A box
    without an area gets an empty mask.

    Args:
        name: folder, or name on the hub, e.g. ``facebook/sam2.1-hiera-small``. Unlike
            the name of a grounder it also says where the weights are read from.
        dtype: of weights and pixels.
        init_cfg: mmengine's.

    Raises:
        ValueError: dtype is unknown.
    """

    def __init__(self, name: str, *, dtype: str = 'float32',
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        check_dtype(dtype)
        self.name, self.dtype = name, dtype
        self.network: Any = None
        self.processor: Any = None

    def load_published(self, source: str) -> None:
        """Load the network; errors are those of ``FoundationGrounder``."""
        check_kind(source, ('sam2', 'sam2_video'))
        self.processor = SquarePixels(processor_settings(source), (1024, 1024))
        self.network = load_network('Sam2Model', source, self.dtype)

    def encode(self, image: Tensor) -> list[Tensor]:
        """Return the maps of an image (3, H0, W0) uint8, fine to coarse."""
        pixels = self.processor(image).to(self.network.device,
                                          getattr(torch, self.dtype))
        return self.network.get_image_embeddings(pixels)

    def draw(self, maps: list[Tensor], bboxes: Tensor,
             shape: tuple[int, int]) -> Tensor:
        """Return the masks (Q, H0, W0) bool of boxes.

        Args:
            maps: of ``encode``.
            bboxes: (Q, 4) xyxy pixels of the image.
            shape: (H0, W0) of the image.
        """
        masks = torch.zeros((len(bboxes), *shape), dtype=torch.bool,
                            device=maps[-1].device)
        has_area = (bboxes[:, 2:] > bboxes[:, :2]).all(1).to(masks.device)
        if not has_area.any():
            return masks
        (height, width), (high, wide) = self.processor.size, shape
        scale = bboxes.new_tensor([width / wide, height / high] * 2)
        prompts = (bboxes * scale).to(maps[-1])[has_area]
        out = self.network(image_embeddings=maps, input_boxes=prompts[None],
                           multimask_output=False)
        logits = F.interpolate(out.pred_masks[0].float(), size=shape, mode='bilinear',
                               align_corners=False)
        masks[has_area] = logits[:, 0] > 0
        return masks
