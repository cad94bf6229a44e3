"""Published models by name: list, fetch, convert, and publish models of your own.

``resolve`` turns a name into a checkpoint. Importing this package is quick: slow
imports wait until a model is fetched.
"""
from segvg.hub.published import resolve

__all__ = ['resolve']
