"""SynthRef from L2 on: crowded scenes, and sentences with relations between objects.

``crowds`` and ``backgrounds`` place the objects; ``composer`` with ``proposals`` and
``conditions`` chooses what is said of them; ``phrasing``, ``templates`` and ``spans``
put it into words and know where each phrase stands.
"""
