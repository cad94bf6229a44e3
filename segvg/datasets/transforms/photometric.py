"""Colour jitter and blur: the pixels change, the geometry does not."""
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image, ImageEnhance, ImageFilter

from segvg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
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

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(brightness={self.brightness}, '
                f'contrast={self.contrast}, saturation={self.saturation}, '
                f'prob={self.prob})')


@TRANSFORMS.register_module()
class GaussianBlur(BaseTransform):
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

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, radius={self.radius})'
