"""The pipeline: from a record to what a model reads."""
from segvg.datasets.transforms.box_to_mask import (
    AnnotationMask,
    BoxToMask,
    EllipseBoxMask,
    FillBoxMask,
    GaussianBoxMask,
)
from segvg.datasets.transforms.brightness import BrightnessJitter
from segvg.datasets.transforms.caption import TokenizeCaption
from segvg.datasets.transforms.contour import SampleContour
from segvg.datasets.transforms.formatting import PackGroundingInputs
from segvg.datasets.transforms.geometric import (
    PlaceOnCanvas,
    RandomFlip,
    RandomSizeCrop,
    Resize,
)
from segvg.datasets.transforms.large_scale_jitter import LargeScaleJitter
from segvg.datasets.transforms.loading import (
    LoadGroundingAnnotations,
    LoadImageFromFile,
)
from segvg.datasets.transforms.photometric import ColorJitter, GaussianBlur
from segvg.datasets.transforms.phrases import TokenizePhrases
from segvg.datasets.transforms.rescale import ClipBoxes, PadToDivisor, ResizeToFit
from segvg.datasets.transforms.resize_within import (
    FreeSizeCrop,
    ResizeLong,
    ResizeShortEdge,
)
from segvg.datasets.transforms.squash import DrawMasks, ResizeExact
from segvg.datasets.transforms.text import (
    PickExpression,
    RandomApplyUnlessWords,
    TokenizeExpression,
)

__all__ = [
    'AnnotationMask', 'BoxToMask', 'ClipBoxes', 'ColorJitter', 'DrawMasks',
    'EllipseBoxMask', 'FillBoxMask', 'PadToDivisor', 'FreeSizeCrop', 'GaussianBlur',
    'GaussianBoxMask', 'LargeScaleJitter', 'LoadGroundingAnnotations',
    'LoadImageFromFile', 'PackGroundingInputs', 'PickExpression', 'PlaceOnCanvas',
    'RandomApplyUnlessWords', 'RandomFlip', 'RandomSizeCrop', 'Resize', 'ResizeLong',
    'ResizeToFit', 'ResizeShortEdge', 'SampleContour', 'ResizeExact', 'TokenizeCaption',
    'TokenizeExpression', 'TokenizePhrases', 'BrightnessJitter'
]
