"""A published repository's model and ours, side by side: equal answers, then times.

``pair`` starts one process for each model, compares what they answer and lets them take
turns; ``child`` is such a process, with ``ours`` or ``theirs`` in it. ``adapters`` has
one file a method: how the published model is built and fed. Nothing of a published
repository is part of this package: it is imported from a checkout.
"""
