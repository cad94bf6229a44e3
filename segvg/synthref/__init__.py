"""SynthRef: generated referring expressions whose every label is exact.

``generate`` writes a data set. The way there: ``levels`` (constants), ``scene`` and,
for L2 and above, ``crowds`` and ``backgrounds`` (objects from random ``streams``),
``render`` (picture and masks), ``forms``, ``predicates``, ``facts`` and ``semantics``
(what a sentence says, and what that is true of), ``sentences`` (which ones a scene
gets; ``composer``, ``proposals`` and ``conditions`` for L2 and above), ``grammar`` and
``parser`` (words; ``phrasing``, ``templates`` and ``spans`` for L2 and above),
``images`` (all of this for one image), ``outputs`` (files), ``ambiguity``, ``ceilings``
and ``summary`` (what the manifest says), ``sheet`` (some scenes to look at).

``write_captions`` adds captions with several phrases to a data set (``captions``,
``caption_files``).
"""
from segvg.synthref.caption_files import write_captions
from segvg.synthref.generate import generate

__all__ = ['generate', 'write_captions']
