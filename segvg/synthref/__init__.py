"""SynthRef: generated referring expressions whose every label is exact.

``generate`` writes a data set. Its steps: ``levels`` (constants), ``scene`` (objects
from random ``streams``), ``render`` (picture and masks), ``forms``, ``predicates``,
``facts`` and ``semantics`` (what a sentence says, and what that is true of),
``sentences`` (which ones a scene gets), ``grammar`` and ``parser`` (words), ``images``
(all of this for one image), ``outputs`` (files), ``ambiguity``, ``ceilings`` and
``summary`` (what the manifest says), ``sheet`` (some scenes to look at). The package
``compound`` has what only L2 and above need: crowded scenes, relations and their
wording.

The package ``photographs`` makes sentences about annotated photographs instead, by the
same margins (``tools/make_expressions.py``).

``write_captions`` adds captions with several phrases to a data set (``captions``,
``caption_files``).
"""
from segvg.synthref.caption_files import write_captions
from segvg.synthref.generate import generate

__all__ = ['generate', 'write_captions']
