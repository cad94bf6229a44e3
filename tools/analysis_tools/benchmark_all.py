"""Measure every method at its published size, one process a measurement, in one table.

    python tools/analysis_tools/benchmark_all.py --out work_dirs/speed
    python tools/analysis_tools/benchmark_all.py --gpu --out work_dirs/speed_gpu
    python tools/analysis_tools/benchmark_all.py --published segvg=DIR transvg=DIR

benchmark.py does the work: ``train`` and ``infer`` with batches of one and two images,
and ``eval``, whose ratio compares images that are encoded once for their seven
sentences with images encoded for every sentence. Results are kept as JSON below --out
and are not measured again; results of other --iters, --threads or another device are
refused. table.md is rewritten each time.

``--gpu`` measures what matters on a GPU: float32, bfloat16 and bfloat16 compiled, with
one image and with --batch-size images, and the evaluation of as many images as testA
of RefCOCO has (750), each with seven sentences.

``--published`` measures the published code of a method, in a checkout of its
repository, beside ours: the same weights and inputs, in turns. It is refused if the two
do not answer alike. docs/benchmarks.md says what the checkouts need.
"""
import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_device, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole

METHODS = {
    'SegVG, R101': 'segvg/segvg_refcoco.py',
    'TransVG, R101': 'transvg/transvg_r101_refcoco.py',
    'SiRi, K = 1': 'siri/siri_refcoco.py',
    'SiRi, K = 2': 'siri/siri_mt_refcoco.py',
    'SeqTR, boxes': 'seqtr/seqtr_det_refcoco.py',
    'SeqTR, masks': 'seqtr/seqtr_segm_refcoco.py',
    'Partial-RES': 'partial_res/partial_res_refcoco.py',
    'RefTR, R101, boxes': 'reftr/reftr_r101_refcoco.py',
    'RefTR, R101, masks': 'reftr/reftr_res_r101_refcoco.py',
    'ReLA, R50': 'rela/rela_r50_grefcoco.py',
    'ReLA, Swin-T': 'rela/rela_swin_t_grefcoco.py',
    'ReLA, Swin-B': 'rela/rela_swin_b_grefcoco.py'}


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/speed'),
                        metavar='DIR', help='folder for the figures and table.md '
                        '(default: %(default)s)')
    parser.add_argument('--only', nargs='+', metavar='NAME', choices=list(METHODS),
                        default=list(METHODS), help='only these methods')
    parser.add_argument('--gpu', action='store_true',
                        help='the figures for a GPU, see above')
    parser.add_argument('--batch-size', type=int, default=16, metavar='N',
                        help='images of the large batches, with --gpu (default: '
                        '%(default)s)')
    parser.add_argument('--published', nargs='+', metavar='NAME=DIR',
                        help='compare with published code instead; of each method the '
                        'checkout of its repository')
    parser.add_argument('--published-python', default=sys.executable, metavar='PYTHON',
                        help='Python that has what the published code needs '
                        '(default: this one)')
    parser.add_argument('--json', type=Path, metavar='F.json',
                        help='with --published: write the figures to this file')
    add_overwrite(parser)
    add_device(parser)
    parser.add_argument('--iters', type=int, default=3, metavar='N',
                        help='measured steps (default: %(default)s)')
    parser.add_argument('--threads', type=int, default=2, metavar='N',
                        help='threads of torch on the CPU (default: %(default)s)')
    args = parser.parse_args()
    for name in ('iters', 'threads', 'batch_size'):
        if getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")} is at least 1, not '
                         f'{getattr(args, name)}')
    if args.gpu and args.published:
        parser.error('--gpu and --published are two different tables')
    if args.json and not args.published:
        parser.error('--json goes with --published')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from mmengine.utils import ProgressBar

from segvg.apis.inferencer import pick_device
from segvg.bench.published import pair
from segvg.utils import child_processes

HERE = Path(__file__).resolve().parent

CONFIGS = HERE.parents[1] / 'configs'

BATCHES = (1, 2)

TEST_A = 750  # images of RefCOCO testA


class Case(NamedTuple):
    """What benchmark.py measures, and with which settings.

    Attributes:
        what: ``'train'``, ``'infer'`` or ``'eval'``.
        batch_size: images of a step.
        dtype: number type of autocast.
        compiled: whether the model is.
    """
    what: str
    batch_size: int
    dtype: str = 'float32'
    compiled: bool = False

    @property
    def file_name(self) -> str:
        """Name of the file of the figures."""
        words = [self.what, str(self.batch_size)]
        words += [self.dtype] if self.dtype != 'float32' else []
        return '_'.join(words + ['compiled'] * self.compiled) + '.json'


PRECISIONS = (('float32', False), ('bfloat16', False), ('bfloat16', True))


def wanted_cases(args: argparse.Namespace) -> list[Case]:
    """Return what is measured of every method."""
    if not args.gpu:
        return [*(Case(what, batch) for what in ('train', 'infer')
                  for batch in BATCHES), Case('eval', 1)]
    steps = [('infer', 1), ('infer', args.batch_size), ('train', args.batch_size)]
    cases = [Case(*step, *precision) for step in steps for precision in PRECISIONS]
    return [*dict.fromkeys(cases), Case('eval', args.batch_size, 'bfloat16')]


def count_images(args: argparse.Namespace) -> int:
    """Return the images with seven sentences that are evaluated."""
    return TEST_A if args.gpu else args.iters + 1


def measure(config: str, case: Case, file: Path, args: argparse.Namespace) -> None:
    """Run benchmark.py, which writes the figures of a config to a file."""
    steps = args.iters
    if case.what == 'eval' and args.gpu:
        steps = math.ceil(TEST_A / case.batch_size)
    words = ['--what', case.what, '--batch-size', case.batch_size, '--iters', steps,
             '--threads', args.threads, '--dtype', case.dtype]
    words += ['--compile'] if case.compiled else []
    words += ['--device', args.device] if args.device else []
    if case.what == 'eval':
        words += ['--random-words', '--cfg-options']
        words += [f'test_dataloader.{key}={value}' for key, value in {
            'num_workers': 4 if args.gpu else 0,
            'persistent_workers': args.gpu,
            'dataset.data_root': f'{args.out / "seven"}/',
            'dataset.ann_file': 'canonical/synthref_L0_val.jsonl',
            'dataset.data_prefix.img': 'images/'}.items()]
    child_processes.run_python(HERE / 'benchmark.py', CONFIGS / config, '--json', file,
                               *words)


def read(file: Path, case: Case, args: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of a file.

    Raises:
        ValueError: they were measured with other settings than those asked for.
    """
    figures = json.loads(file.read_text('utf-8'))
    # --iters does not change how much of the 750 images is evaluated.
    names = ('threads',) if args.gpu and case.what == 'eval' else ('iters', 'threads')
    for name in names:
        if figures[name] != getattr(args, name):
            raise ValueError(f'{file} was measured with --{name} {figures[name]}, not '
                             f'{getattr(args, name)}: remove it or take another --out')
    device = str(pick_device(args.device))
    if figures['device'] != device:
        raise ValueError(f'{file} was measured on the device {figures["device"]}, not '
                         f'{device}: remove it or take another --out')
    return figures


def make_data(args: argparse.Namespace) -> None:
    """Make images with seven sentences each."""
    child_processes.run_python(
        HERE.parent / 'make_synthref.py', '--level', 'L0', '--seed', 0, '--sentences',
        7, '--sizes', f'train=0,val={count_images(args)},testA=0,testB=0', '--out',
        args.out / 'seven', '--overwrite')


def table(figures: dict[str, dict[Case, Any]]) -> Iterator[str]:
    """Yield the lines of the table in Markdown."""
    yield ('| method | parameters, M | GFLOPs, train / infer | s a training step, 1 / '
           '2 images | s an inference, 1 / 2 images | peak GiB, train 2 / infer 1 | '
           'shared images, 7 sentences |')
    yield '|---' * 7 + '|'
    for name, parts in figures.items():
        train, infer = parts[Case('train', 1)], parts[Case('infer', 1)]
        seconds = {what: ' / '.join(
            f'{parts[Case(what, batch)]["seconds_per_step"]["median"]:.2f}'
            for batch in BATCHES) for what in ('train', 'infer')}
        memory = [part['peak_memory_mib'] / 1024
                  for part in (parts[Case('train', 2)], infer)]
        yield (f'| {name} | {train["parameters"] / 1e6:.1f} | '
               f'{train["flops_per_step"] / 1e9:.0f} / '
               f'{infer["flops_per_step"] / 1e9:.0f} | {seconds["train"]} | '
               f'{seconds["infer"]} | {memory[0]:.1f} / {memory[1]:.1f} | '
               f'{parts[Case("eval", 1)]["ratio"]["total"]:.1f} x |')


def gpu_table(figures: dict[str, dict[Case, Any]], batch: int) -> Iterator[str]:
    """Yield the lines of the table for a GPU in Markdown.

    Args:
        figures: of every method.
        batch: images of the large batches.
    """
    yield 'Three values: float32, bfloat16, bfloat16 compiled.\n'
    yield (f'| method | ms an image alone | images a second, {batch} in a batch | GiB '
           f'| samples a second in training, {batch} in a batch | GiB | s for '
           f'{TEST_A} images with 7 sentences, bfloat16 | outside the model |')
    yield '|---' * 8 + '|'
    for name, parts in figures.items():
        def row(what: str, size: int, show: Callable[[dict], str],
                parts: dict = parts) -> str:
            return ' / '.join(show(parts[Case(what, size, *precision)])
                              for precision in PRECISIONS)

        def speed(part: dict) -> str:
            return f'{part["samples_per_second"]:.0f}'

        def memory(part: dict) -> str:
            return f'{part["peak_memory_mib"] / 1024:.1f}'

        whole = parts[Case('eval', batch, 'bfloat16')]
        yield ' | '.join([
            f'| {name}', row('infer', 1, lambda part: format(
                1000 * part['seconds_per_step']['median'], '.1f')),
            row('infer', batch, speed), row('infer', batch, memory),
            row('train', batch, speed), row('train', batch, memory),
            f'{whole["seconds_shared"]["total"]:.1f}',
            f'{whole["percent_outside_the_model"]:.0f} % |'])


def compare_published(args: argparse.Namespace) -> None:
    """Measure published code beside ours; print a row of each method."""
    check_outputs([args.json], overwrite=args.overwrite)
    checkouts = pair.read_checkouts(args.published)
    settings = pair.Settings(str(pick_device(args.device)), args.threads, args.iters,
                             python=args.published_python)
    rows: list[dict[str, Any]] = []
    for name, checkout in checkouts.items():
        rows.append(pair.compare(name, checkout, settings))
        lines = list(pair.table(rows))
        print('\n'.join(lines if len(rows) == 1 else lines[-1:]), flush=True)
        if args.json:
            figures = dict(settings._asdict(), methods=rows)
            write_whole(args.json, json.dumps(figures, indent=2) + '\n')


@one_line_errors
def main() -> None:
    """Measure what is missing and write the table."""
    args = parse_args()
    if args.published:
        try:
            compare_published(args)
        except ValueError as error:  # a device that does not exist
            fail(error)
        return
    args.out = args.out.absolute()
    figures: dict[str, dict] = {}
    cases = wanted_cases(args)
    try:
        make_data(args)
        bar = ProgressBar(len(args.only) * len(cases))
        for name in args.only:
            figures[name] = {}
            for case in cases:
                file = args.out / Path(METHODS[name]).stem / case.file_name
                if not file.exists():
                    measure(METHODS[name], case, file, args)
                figures[name][case] = read(file, case, args)
                bar.update()
    except (OSError, ValueError) as error:
        fail(error)
    lines = gpu_table(figures, args.batch_size) if args.gpu else table(figures)
    text = '\n'.join(lines)
    write_whole(args.out / 'table.md', f'{text}\n')
    print(f'\n{text}')


if __name__ == '__main__':
    main()
