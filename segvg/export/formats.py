"""Names of formats, graphs and files; imports nothing slow."""
from pathlib import Path
from typing import Union

#: Format -> suffix of its files.
FORMATS = dict(onnx='.onnx', pt2='.pt2', torchscript='.ts')
#: The whole model, its image encoder, and the rest of it.
GRAPHS = ('whole', 'image', 'text')
MANIFEST = '.export.json'  # suffix of a manifest


def graph_path(out: Path, graph: str, format: str) -> Path:
    """Return the path of a graph of an export ``out``, a path without an ending."""
    return out.with_name(f'{out.name}.{graph}{FORMATS[format]}')


def manifest_path(out: Path) -> Path:
    """Return the path of the manifest of an export."""
    return out.with_name(out.name + MANIFEST)


def is_exported(path: Union[str, Path]) -> bool:
    """Return whether a path is that of a manifest."""
    return str(path).endswith(MANIFEST)
