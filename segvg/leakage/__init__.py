"""Leakage check: which images and expressions of an evaluation a training set holds."""
from segvg.leakage.compare import (
    Overlap,
    ProtectedSplit,
    Verdict,
    add_copies,
    compare,
    find_text_leaks,
    read_protected,
)
from segvg.leakage.sources import SOURCES, ImageSource, SeenImage

__all__ = ['SOURCES', 'ImageSource', 'Overlap', 'ProtectedSplit', 'SeenImage',
           'Verdict', 'add_copies', 'compare', 'find_text_leaks', 'read_protected']
