"""Sentences about annotated photographs, whose meaning the annotation decides.

Steps: ``nouns`` (words for classes), ``photos`` (the objects of an instances file),
``orders`` (who is first, with SynthRef's margins), ``kinds`` (the sentences of one
image), ``source`` (those of a whole file, as a set that can be converted), ``guesses``
(what is right by chance).
"""
