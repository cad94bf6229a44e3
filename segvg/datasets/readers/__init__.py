"""Readers of source formats; each finds the data sets in the files it is given."""
from collections.abc import Callable
from pathlib import Path

from segvg.datasets.readers.base import ReadOptions, SourceSet
from segvg.datasets.readers.canonical import find_canonical_sets
from segvg.datasets.readers.refer import find_refer_sets
from segvg.datasets.readers.resc import find_resc_sets

FindSets = Callable[[list[Path], ReadOptions], list[SourceSet]]

# FORMAT of tools/prepare_data.py -> finds the sets in the sources
READERS: dict[str, FindSets] = dict(
    canonical=find_canonical_sets,
    refer_refcoco=find_refer_sets,
    refer_refcocog=find_refer_sets,
    resc_pth=find_resc_sets)

__all__ = ['READERS', 'FindSets', 'ReadOptions', 'SourceSet']
