"""A page in the browser: ask a model about a photograph, compare, look at data.

What is computed and shown is in plain functions; only ``page`` and ``server`` import
Gradio, an extra (``pip install 'segvg[demo]'``).
"""
