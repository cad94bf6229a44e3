"""Brightness jitter in hue, saturation and value."""
import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from segvg.registry import TRANSFORMS


def scale_value(image: np.ndarray, factor: float) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB with its value, of HSV, times a factor."""
    hsv = cv2.cvtColor(image[:, :, ::-1], cv2.COLOR_BGR2HSV)
    value = hsv[:, :, 2].astype(np.float32) * np.float32(factor)
    hsv[:, :, 2] = value.clip(max=255).astype(np.uint8)
    bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return np.ascontiguousarray(bgr[:, :, ::-1])


@TRANSFORMS.register_module()
class BrightnessJitter(BaseTransform):
    """Multiply the value (brightness) of all pixels by one random factor.

    The published transform also means to change saturation, which it never does.

    Args:
        strength: the factor is uniform in ``[1 - strength, 1 + strength]``.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021, training transforms.
    """

    def __init__(self, strength: float = 0.5) -> None:
        if not 0 <= strength <= 1:
            raise ValueError(f'strength is from 0 to 1, not {strength}')
        self.strength = strength

    def transform(self, results: dict) -> dict:
        """Change ``results['img']``."""
        factor = np.random.uniform(1 - self.strength, 1 + self.strength)
        results['img'] = scale_value(results['img'], factor)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(strength={self.strength})'
