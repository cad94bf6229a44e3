"""Write a grounder as graphs, and check them against PyTorch."""
import json
import logging
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence

import torch
from mmengine.config import Config
from torch import Tensor, nn

from segvg.export.formats import FORMATS, graph_path, manifest_path
from segvg.export.graphs import (
    IMAGE_INPUTS,
    TEXT_INPUTS,
    ImageGraph,
    TextGraph,
    WholeGraph,
)
from segvg.export.run import load_session, run_session
from segvg.models.backbones.beit3 import BEiT3
from segvg.models.backbones.language_swin import LanguageSwin
from segvg.models.grounders.base import BaseGrounder
from segvg.models.necks.joint_encoders import JointEncoder
from segvg.utils.configs import find_dicts, find_pipeline
from segvg.utils.files import write_whole
from segvg.version import __version__

#: Largest number of expressions that a graph is checked with.
CHECKED_BATCH = 3
#: Modules that limit a graph to one image size -> the reason.
ONE_SIZE = {
    BEiT3: 'its table of positions is for one size',
    JointEncoder: 'its table of positions is for one size',
    LanguageSwin: 'the masks of its shifted windows are made for one size'}


class Graph(NamedTuple):
    """A graph with an example of its inputs.

    Attributes:
        name: ``whole``, ``image`` or ``text``.
        module: the graph.
        inputs: names of its inputs.
        args: an example of them.
        any_size: whether images may have any height and width.
    """
    name: str
    module: nn.Module
    inputs: tuple[str, ...]
    args: tuple[Tensor, ...]
    any_size: bool = False

    @property
    def dynamic_shapes(self) -> list[Optional[dict]]:
        """The dynamic axes of each input, for ``torch.export``."""
        return [self.dynamic_axes(name) or None for name in self.inputs]

    def dynamic_axes(self, name: str) -> dict[int, Any]:
        """Return the dynamic axes of an input.

        They are B, L unless it is fixed, and H and W with ``any_size``.
        """
        axes: tuple[int, ...] = ()
        if name in TEXT_INPUTS:
            axes = (0, ) if has_fixed_length(self.module) else (0, 1)
        elif self.any_size:
            axes = (2, 3) if name == 'images' else (1, 2)
        return {axis: torch.export.Dim.DYNAMIC for axis in axes}


def canvas_of(cfg: Config) -> tuple[int, int]:
    """Return height and width of the canvas of a config.

    A config in a checkpoint has only its test pipeline, which places images on it.

    Raises:
        ValueError: the config has no canvas.
    """
    placed = [step['size'] for step in find_dicts(find_pipeline(cfg), 'size')
              if step.get('type') == 'PlaceOnCanvas']
    canvas = cfg.get('canvas') or (placed[0] if placed else None)
    if isinstance(canvas, int):
        return canvas, canvas
    if isinstance(canvas, (list, tuple)) and len(canvas) == 2:
        return int(canvas[0]), int(canvas[1])
    raise ValueError('the config has no canvas: give --shape HEIGHT WIDTH')


def longest_text(cfg: Config) -> int:
    """Return the number of tokens of the longest expression.

    Raises:
        ValueError: no transform of the test pipeline has a ``max_length``.
    """
    lengths = [step['max_length'] for step in find_dicts(
        find_pipeline(cfg), 'max_length') if step['max_length']]
    if not lengths:
        raise ValueError('no transform of the test pipeline has a max_length')
    return max(lengths)


def has_fixed_length(model: nn.Module) -> bool:
    """Return whether a graph takes expressions of one length only.

    A recurrent network is exported with one step for each token.
    """
    return any(isinstance(part, nn.RNNBase) for part in model.modules())


def check_any_size(model: nn.Module, format: str) -> None:
    """Check that a model can be exported in a format for images of any size.

    Raises:
        ValueError: the graphs take images of one size only.
    """
    if format == 'torchscript':
        raise ValueError('TorchScript files are recorded for one image size')
    for part in model.modules():
        for kind, reason in ONE_SIZE.items():
            if isinstance(part, kind):
                raise ValueError('the model cannot be exported for any image size: '
                                 f'{kind.__name__}, {reason}')


def export_grounder(model: BaseGrounder, out: Path, *, canvas_shape: tuple[int, int],
                    max_tokens: int, format: str = 'onnx', pad_id: int = 0,
                    any_size: bool = False,
                    notes: Optional[dict] = None) -> dict:
    """Write a grounder as one graph, and as image encoder and the rest.

    ``OUT.whole.onnx`` takes an image and B expressions. ``OUT.image.onnx`` takes the
    image alone, and ``OUT.text.onnx`` what that gives and B expressions, so that an
    image is encoded once for any number of them. ``OUT.export.json`` says what goes in
    and comes out, and how far the files are from PyTorch.

    Args:
        model: the grounder, with weights, on the CPU.
        out: path without an ending.
        canvas_shape: (H, W) of the images; smaller ones are padded to it.
        max_tokens: longest expression.
        format: one of ``FORMATS``.
        pad_id: token id of padding.
        any_size: whether the whole graph takes images of any height and width.
        notes: further entries of the manifest.

    Returns:
        The content of the manifest.

    Raises:
        ValueError: the format is unknown, the head cannot be exported, the outputs of
            a graph and of the model differ in shape, or ``any_size`` is set for a model
            that takes images of one size only.
        ImportError: a package that the format needs is not installed.
    """
    if format not in FORMATS:
        raise ValueError(f'format is one of {", ".join(FORMATS)}, not {format!r}')
    if not hasattr(model.head, 'answer'):
        raise ValueError(f'{type(model.head).__name__} cannot be exported: it has no '
                         'answer() and write(), as BoxHead has')
    if any_size:
        check_any_size(model, format)
    model = model.eval().float()
    # A length that no table in the model has, so that none is taken for it.
    length = max_tokens if has_fixed_length(model) else max(max_tokens - 1, 3)
    example = make_example(canvas_shape, length, 2)
    graphs, layout = make_graphs(model, example, canvas_shape, any_size)
    manifest: dict[str, Any] = dict(
        notes or {}, segvg=__version__, torch=torch.__version__, format=format,
        canvas_shape=list(canvas_shape), max_tokens=max_tokens, pad_id=pad_id,
        fixed_length=has_fixed_length(model), any_size=any_size,
        image_tokens=dict(names=list(layout.names),
                          grid=None if layout.grid is None else list(layout.grid)),
        graphs={})
    out.parent.mkdir(parents=True, exist_ok=True)
    for graph in graphs:
        path = graph_path(out, graph.name, format)
        with torch.no_grad():
            graph.module(*graph.args)  # sets the names of the outputs
            run = WRITERS[format](graph, path)
            difference = largest_difference(graph, run, max_tokens)
        manifest['graphs'][graph.name] = dict(
            file=path.name, inputs=list(graph.inputs),
            outputs=list(output_names(graph.module)), bytes=path.stat().st_size,
            largest_difference=difference)
    write_whole(manifest_path(out), json.dumps(manifest, indent=2))
    return manifest


def make_example(canvas_shape: tuple[int, int], length: int,
                 batch: int) -> tuple[Tensor, ...]:
    """Return inputs of the whole graph: noise with a padded border, random words."""
    height, width = canvas_shape
    numbers = torch.Generator().manual_seed(batch)
    images = torch.randn(1, 3, height, width, generator=numbers)
    padding_mask = torch.zeros(1, height, width, dtype=torch.bool)
    padding_mask[:, height - height // 8:] = True
    images = images * ~padding_mask[:, None]
    ids = torch.randint(1, 5, (batch, length), generator=numbers)
    text_padding_mask = torch.zeros(batch, length, dtype=torch.bool)
    text_padding_mask[1:, length - 1:] = True
    return images, padding_mask, ids * ~text_padding_mask, text_padding_mask


def make_graphs(model: BaseGrounder, example: tuple[Tensor, ...],
                canvas_shape: tuple[int, int],
                any_size: bool) -> tuple[list[Graph], Any]:
    """Return the three graphs and the layout of what the image graph gives."""
    image = ImageGraph(model)
    with torch.no_grad():
        tensors = image(*example[:2])
    assert image.layout is not None  # the call has set it
    text = TextGraph(model, image.layout, canvas_shape)
    return [Graph('whole', WholeGraph(model), IMAGE_INPUTS + TEXT_INPUTS, example,
                  any_size),
            Graph('image', image, IMAGE_INPUTS, example[:2]),
            Graph('text', text, image.layout.names + TEXT_INPUTS,
                  (*tensors, *example[2:]))], image.layout


def output_names(module: nn.Module) -> tuple[str, ...]:
    """Return the names of the outputs of a graph that was called."""
    if isinstance(module, ImageGraph):
        assert module.layout is not None
        return module.layout.names
    assert isinstance(module, (WholeGraph, TextGraph))
    return module.names


def largest_difference(graph: Graph, run: Callable[..., Sequence[Tensor]],
                       max_tokens: int) -> dict[str, float]:
    """Return the largest difference of each output over batches of 1 to 3.

    Raises:
        ValueError: an output is not of the same shape, or its classes differ.
    """
    found: dict[str, float] = {}
    for batch in range(1, CHECKED_BATCH + 1):
        length = max_tokens if has_fixed_length(graph.module) else max(
            max_tokens - batch, 3)
        texts = make_example((8, 8), length, batch)[2:]
        args = graph.args
        if graph.any_size:
            height, width = args[0].shape[-2:]
            # A canvas that is not square and not a multiple of any stride.
            args = (*make_example((height - 5 * batch, width + 9 * batch), length,
                                  batch)[:2], *texts)
        elif graph.inputs[-2:] == TEXT_INPUTS:
            args = (*args[:-2], *texts)
        wanted = graph.module(*args)
        for name, one, other in zip(output_names(graph.module), wanted, run(*args),
                                    strict=True):
            if one.shape != other.shape:
                raise ValueError(f'{name} of the {graph.name} graph has the shape '
                                 f'{tuple(other.shape)}, in PyTorch '
                                 f'{tuple(one.shape)}')
            difference = float((one.double() - other.double()).abs().max())
            found[name] = max(found.get(name, 0.0), difference)
    return found


# -- formats ---------------------------------------------------------------------------


@contextmanager
def quiet() -> Iterator[None]:
    """Hide messages of exporters about their progress and about future versions."""
    loggers = [logging.getLogger(name) for name in ('torch', 'onnxscript')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def record(graph: Graph) -> torch.export.ExportedProgram:
    """Return a graph as ``torch.export`` records it."""
    shapes = graph.dynamic_shapes
    with quiet():
        return torch.export.export(
            graph.module, graph.args,
            dynamic_shapes=(tuple(shapes), ) if isinstance(graph.module, TextGraph)
            else tuple(shapes), strict=False)


def write_onnx(graph: Graph, path: Path) -> Callable[..., Sequence[Tensor]]:
    """Write an ONNX file and return a function that runs it."""
    try:
        import onnxscript  # noqa: F401  torch's exporter needs it
    except ImportError as error:
        raise ImportError('the format onnx needs onnx, onnxscript and onnxruntime: pip '
                          'install segvg[onnx]') from error
    with quiet():
        program = torch.onnx.export(
            record(graph), (), dynamo=True, input_names=list(graph.inputs),
            output_names=list(output_names(graph.module)), verbose=False)
        assert program is not None
        program.save(str(path), external_data=False)
    session = load_session(path)
    return lambda *args: run_session(session, args)


def write_pt2(graph: Graph, path: Path) -> Callable[..., Sequence[Tensor]]:
    """Write a file of ``torch.export`` and return a function that runs it."""
    with quiet():
        torch.export.save(record(graph), str(path))
        return torch.export.load(str(path)).module()


def write_torchscript(graph: Graph, path: Path) -> Callable[..., Sequence[Tensor]]:
    """Write a TorchScript file and return a function that runs it."""
    with quiet():
        torch.jit.trace(graph.module, graph.args, check_trace=False).save(str(path))
        return torch.jit.load(str(path))


WRITERS = dict(onnx=write_onnx, pt2=write_pt2, torchscript=write_torchscript)
