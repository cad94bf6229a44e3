"""SynthRef: generated referring expressions whose every label is exact.

``generate`` writes a data set. The way there: ``levels`` (constants), ``scene``
(objects from random ``streams``), ``render`` (picture and masks), ``forms`` and
``semantics`` (what a sentence says, and what that is true of), ``sentences`` (which
ones a scene gets), ``grammar`` and ``parser`` (words), ``images`` (all of this for one
image), ``outputs`` (files), ``ceilings`` and ``summary`` (what the manifest says).
"""
from segvg.datasets.synthref.generate import generate

__all__ = ['generate']
