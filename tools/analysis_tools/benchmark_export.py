"""Export every method as ONNX and compare speed and numbers with PyTorch, on the CPU.

    python tools/analysis_tools/benchmark_export.py
    python tools/analysis_tools/benchmark_export.py --published

The models are the small ones for SynthRef, or with --published one of the published
size for each method; their weights are random. One image with one expression goes
through the whole graph, one image with seven expressions through the image graph and
the text graph. PyTorch and onnxruntime take turns, and the table has medians.
"""
import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

from segvg.utils.command_line import fail
from segvg.utils.exits import one_line_errors

SMALL = {
    'TransVG': 'transvg/transvg_tiny_synthref_l0.py',
    'SegVG': 'segvg/segvg_tiny_synthref_l0.py',
    'SiRi': 'siri/siri_tiny_synthref_l0.py',
    'SeqTR, boxes': 'seqtr/seqtr_tiny_det_synthref_l0.py',
    'SeqTR, masks': 'seqtr/seqtr_tiny_segm_synthref_l0.py',
    'RefTR, masks': 'reftr/reftr_res_tiny_synthref_l0.py',
    'ReLA': 'rela/rela_tiny_synthref_l0.py',
    'InstanceVG': 'instancevg/instancevg_tiny_synthref_l1.py'}
PUBLISHED = {
    'TransVG, R101': 'transvg/transvg_r101_refcoco.py',
    'SegVG, R101': 'segvg/segvg_refcoco.py',
    'SiRi, K = 1': 'siri/siri_refcoco.py',
    'SeqTR, boxes': 'seqtr/seqtr_det_refcoco.py',
    'RefTR, R101, boxes': 'reftr/reftr_r101_refcoco.py',
    'RefTR, R101, masks': 'reftr/reftr_res_r101_refcoco.py',
    'ReLA, R50': 'rela/rela_r50_grefcoco.py'}
#: Only measured when named: a written-out decoding of 24 points exports for minutes.
SLOW = ('SeqTR, masks', )
SENTENCES = 7  # RefCOCO has about seven expressions an image
#: Side of the image for configs without a canvas; small models, published ones.
SIDES = (64, 640)


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--published', action='store_true',
                        help='models of the published size instead of the small ones')
    parser.add_argument('--only', nargs='+', metavar='NAME',
                        choices=[*SMALL, *PUBLISHED], help='only these methods '
                        f'(default: all but {", ".join(SLOW)}, which takes nine '
                        'minutes)')
    parser.add_argument('--iters', type=int, default=10, metavar='N',
                        help='measured runs (default: %(default)s)')
    parser.add_argument('--threads', type=int, default=2, metavar='N',
                        help='threads of both (default: %(default)s)')
    args = parser.parse_args()
    for name in ('iters', 'threads'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} is at least 1, not {getattr(args, name)}')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import torch
from mmengine.registry import DefaultScope
from mmengine.utils import ProgressBar
from torch import Tensor

import segvg.models  # noqa: F401  registers the models
from segvg.export.files import (
    canvas_of,
    export_grounder,
    longest_text,
    make_example,
    make_graphs,
)
from segvg.export.formats import graph_path
from segvg.export.run import load_session, run_session
from segvg.registry import MODELS
from segvg.utils.configs import drop_init, load

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'

Run = Callable[[], object]


class Row(NamedTuple):
    """What was measured of a method.

    Attributes:
        shape: height and width of the image.
        mebibytes: size of the file of the whole graph.
        difference: largest one between the graphs and PyTorch, over all outputs.
        single: seconds of PyTorch and of onnxruntime, one expression.
        shared: the same, one image with seven expressions.
    """
    shape: tuple[int, int]
    mebibytes: float
    difference: float
    single: tuple[float, float]
    shared: tuple[float, float]


def medians(runs: tuple[Run, Run], iters: int) -> tuple[float, float]:
    """Return the median seconds of two functions that take turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(iters + 1):
        for run, kept in zip(runs, seconds, strict=True):
            start = time.perf_counter()
            run()
            if number:  # the first is a warm-up
                kept.append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def runs_of(graphs: dict, out: Path, example: tuple[Tensor, ...],
            names: tuple[str, ...]) -> tuple[Run, Run]:
    """Return functions that run graphs one after the other by PyTorch and ONNX.

    Args:
        graphs: by name.
        out: path of the exported files without an ending.
        example: inputs of the whole graph.
        names: ``('whole', )``, or ``('image', 'text')``.
    """
    sessions = {name: load_session(graph_path(out, name, 'onnx')) for name in names}

    def run(call: Callable[[str, tuple[Tensor, ...]], object]) -> object:
        if names == ('whole', ):
            return call('whole', example)
        return call('text', (*call('image', example[:2]), *example[2:]))

    return (lambda: run(lambda name, given: graphs[name].module(*given)),
            lambda: run(lambda name, given: run_session(sessions[name], given)))


@torch.no_grad()
def measure(config: str, side: int, folder: Path, iters: int) -> Row:
    """Export a config with random weights, check and time it."""
    cfg = load(CONFIGS / config)
    drop_init(cfg.model)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('segvg'):
        model = MODELS.build(cfg.model).eval()
    canvas = canvas_of(cfg) if 'canvas' in cfg else (side, side)
    length, out = longest_text(cfg), folder / Path(config).stem
    manifest = export_grounder(model, out, canvas_shape=canvas, max_tokens=length)
    single, shared = (make_example(canvas, length, count) for count in (1, SENTENCES))
    graphs = {graph.name: graph for graph in make_graphs(model, shared, canvas,
                                                         any_size=False)[0]}
    return Row(canvas, manifest['graphs']['whole']['bytes'] / 2**20,
               max(value for graph in manifest['graphs'].values()
                   for value in graph['largest_difference'].values()),
               medians(runs_of(graphs, out, single, ('whole', )), iters),
               medians(runs_of(graphs, out, shared, ('image', 'text')), iters))


def table(rows: dict[str, Row]) -> Iterator[str]:
    """Yield the lines of the table in Markdown."""
    yield ('| method | image | MiB | largest difference | ms one expression, PyTorch '
           f'/ onnxruntime | ratio | ms {SENTENCES} expressions, PyTorch / onnxruntime '
           '| ratio |')
    yield '|---' * 8 + '|'
    for name, row in rows.items():
        times = ' | '.join(
            f'{torch_time * 1e3:.1f} / {onnx_time * 1e3:.1f} | '
            f'{torch_time / onnx_time:.2f} x'
            for torch_time, onnx_time in (row.single, row.shared))
        yield (f'| {name} | {row.shape[0]} x {row.shape[1]} | {row.mebibytes:.1f} | '
               f'{row.difference:.1e} | {times} |')


@one_line_errors
def main() -> None:
    """Measure one method after the other and print the table."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    methods = PUBLISHED if args.published else SMALL
    unknown = [name for name in args.only or () if name not in methods]
    if unknown:
        given = 'with' if args.published else 'without'
        fail(f'--only {unknown[0]!r}: {given} --published the methods are '
             f'{", ".join(map(repr, methods))}')
    rows: dict[str, Row] = {}
    names = args.only or [name for name in methods if name not in SLOW]
    bar = ProgressBar(len(names))
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            rows[name] = measure(methods[name], SIDES[args.published], Path(folder),
                                 args.iters)
        bar.update()
    print('\n' + '\n'.join(table(rows)))


if __name__ == '__main__':
    main()
