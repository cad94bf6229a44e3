"""How each published model is built and fed; one file a method.

A module here has ``ADAPTER``, an ``Adapter``. It is imported by both processes, so what
only one of them has is imported within functions.
"""
