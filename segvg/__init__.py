"""segvg: visual grounding for mmengine, from an image and a sentence to the object.

Importing the package builds nothing and reaches no network. It only makes sure that
``mmdet.models`` can be imported where mmcv was installed without compiled ops, and that
mmengine is imported quickly.
"""
from segvg.utils.mmcv_ops import provide_mmcv_ext
from segvg.utils.mmengine_import import hide_slow_optimizers
from segvg.version import __version__

provide_mmcv_ext()
hide_slow_optimizers()

__all__ = ['__version__']
