"""Published models by name: where they are, fetching, converting, and the way back.

``resolve`` turns a name into a checkpoint. Importing this wing is quick; what is slow
is imported when a model is fetched.
"""
from segvg.hub.published import resolve

__all__ = ['resolve']
