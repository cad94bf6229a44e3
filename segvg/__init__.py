"""segvg: visual grounding for mmengine, from an image and a sentence to the object.

Importing the package builds nothing and reaches no network; it only makes sure that
``mmdet.models`` can be imported where mmcv was installed without compiled ops.
"""
from segvg.utils.mmcv_ops import provide_mmcv_ext
from segvg.version import __version__

provide_mmcv_ext()

__all__ = ['__version__']
