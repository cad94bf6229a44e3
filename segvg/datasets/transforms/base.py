"""Base class of the transforms of the pipeline."""
import inspect

from mmcv.transforms import BaseTransform


class Transform(BaseTransform):
    """A transform that is shown as it was built, argument by argument.

    Every argument of the constructor is kept in an attribute of the same name.

    Attributes:
        leaves_image: whether it neither reads nor changes the pixels, ``img``, and
            their shape, so that it may stand before or after a resize of the pixels.
        after_flip: whether a flip has to come before it: it fixes the place of the
            image, makes targets or tokens, or ends the pipeline.
    """
    leaves_image = False
    after_flip = False

    def require_before_target_masks(self, results: dict) -> None:
        """Refuse to move pixels after target masks were made from the boxes.

        Raises:
            ValueError: ``results`` has target masks, which would not follow.
        """
        if 'target_masks' in results:
            raise ValueError(f'{type(self).__name__} comes before the transform that '
                             'makes target masks: they would stay where they are')

    def __repr__(self) -> str:
        names = inspect.signature(type(self)).parameters
        arguments = ', '.join(f'{name}={getattr(self, name)!r}' for name in names)
        return f'{type(self).__name__}({arguments})'
