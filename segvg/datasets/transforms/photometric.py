"""Colour jitter and blur: the pixels change, the geometry does not."""
import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ColorJitter(Transform):
    """Change brightness, contrast and saturation, in a random order.

    Each factor is uniform in ``[1 - strength, 1 + strength]``, not below 0.

    Args:
        brightness: strength for brightness.
        contrast: strength for contrast.
        saturation: strength for saturation.
        prob: probability that anything is changed.
    """

    def __init__(self, brightness: float = 0.4, contrast: float = 0.4,
                 saturation: float = 0.4, *, prob: float = 0.8) -> None:
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Change the colours of ``results['img']``."""
        if np.random.random() >= self.prob:
            return results
        steps = ((ImageEnhance.Brightness, self.brightness),
                 (ImageEnhance.Contrast, self.contrast),
                 (ImageEnhance.Color, self.saturation))
        image = Image.fromarray(results['img'])
        for index in np.random.permutation(len(steps)):
            enhance, strength = steps[index]
            factor = np.random.uniform(max(0, 1 - strength), 1 + strength)
            image = enhance(image).enhance(factor)
        results['img'] = np.array(image)
        return results


@TRANSFORMS.register_module()
class GaussianBlur(Transform):
    """Blur with a random radius.

    Args:
        prob: probability of a blur.
        radius: least and largest standard deviation in pixels.
    """

    def __init__(self, prob: float = 0.5,
                 radius: tuple[float, float] = (0.1, 2.0)) -> None:
        self.prob = prob
        self.radius = tuple(radius)

    def transform(self, results: dict) -> dict:
        """Blur ``results['img']``."""
        if np.random.random() >= self.prob:
            return results
        blur = ImageFilter.GaussianBlur(np.random.uniform(*self.radius))
        results['img'] = np.array(Image.fromarray(results['img']).filter(blur))
        return results


def scale_value(image: np.ndarray, factor: float) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB with its value, of HSV, times a factor."""
    hsv = cv2.cvtColor(image[:, :, ::-1], cv2.COLOR_BGR2HSV)
    value = hsv[:, :, 2].astype(np.float32) * np.float32(factor)
    hsv[:, :, 2] = value.clip(max=255).astype(np.uint8)
    bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return np.ascontiguousarray(bgr[:, :, ::-1])


@TRANSFORMS.register_module()
class BrightnessJitter(Transform):
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
