"""The pipeline: from a record to what a model reads."""
from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.box_to_mask import (
    AnnotationMask,
    BoxToMask,
    EllipseBoxMask,
    FillBoxMask,
    GaussianBoxMask,
)
from segvg.datasets.transforms.contour import SampleContour
from segvg.datasets.transforms.crop import ClipBoxes, FreeSizeCrop, RandomSizeCrop
from segvg.datasets.transforms.expressions import PickExpression
from segvg.datasets.transforms.flip import RandomFlip
from segvg.datasets.transforms.formatting import PackGroundingInputs
from segvg.datasets.transforms.large_scale_jitter import LargeScaleJitter
from segvg.datasets.transforms.loading import (
    DrawMasks,
    LoadGroundingAnnotations,
    LoadImageFromFile,
)
from segvg.datasets.transforms.photometric import (
    BrightnessJitter,
    ColorJitter,
    GaussianBlur,
)
from segvg.datasets.transforms.placement import PadToDivisor, PlaceOnCanvas
from segvg.datasets.transforms.resize import (
    Resize,
    ResizeExact,
    ResizeLongEdge,
    ResizeShortEdge,
)
from segvg.datasets.transforms.text import RandomApplyUnlessWords
from segvg.datasets.transforms.tokenize import (
    TokenizeCaption,
    TokenizeExpression,
    TokenizePhrases,
)

__all__ = [
    'AnnotationMask', 'BoxToMask', 'BrightnessJitter', 'ClipBoxes', 'ColorJitter',
    'DrawMasks', 'EllipseBoxMask', 'FillBoxMask', 'FreeSizeCrop', 'GaussianBlur',
    'GaussianBoxMask', 'LargeScaleJitter', 'LoadGroundingAnnotations',
    'LoadImageFromFile', 'PackGroundingInputs', 'PadToDivisor', 'PickExpression',
    'PlaceOnCanvas', 'RandomApplyUnlessWords', 'RandomFlip', 'RandomSizeCrop',
    'Resize', 'ResizeExact', 'ResizeLongEdge', 'ResizeShortEdge', 'SampleContour',
    'TokenizeCaption', 'TokenizeExpression', 'TokenizePhrases', 'Transform'
]
