"""Measure a config: a training step, inference, evaluation with shared images, loading.

python tools/analysis_tools/benchmark.py configs/segvg/segvg_refcoco.py --what train

``train`` and ``infer`` need no file: weights and inputs are random, an image of 480 x
640 goes through the pipeline of the config, every expression has the largest length.
``train`` is the step of the optimizer wrapper with all parts training: preprocessing,
forward, losses, backward, clipping, update. ``eval`` runs and scores the test data
twice, images with all their expressions against an image for every expression; the time
outside the model is what loading and scoring take. ``load`` reads the training data in
one process and rebuilds its index.
"""
import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any, Callable, Iterator

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_config_options, add_device, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole

WHAT = ('train', 'infer', 'eval', 'load')


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--what', required=True, choices=WHAT,
                        help='what to measure, see above')
    parser.add_argument('--batch-size', type=int, metavar='N',
                        help='images per step (default: that of the config)')
    parser.add_argument('--expressions', type=int, default=1, metavar='N',
                        help='expressions per image, for train and infer '
                        '(default: %(default)s)')
    add_device(parser)
    parser.add_argument('--dtype', default='float32',
                        choices=['float32', 'float16', 'bfloat16'],
                        help='number type of autocast, for train, infer and eval '
                        '(default: %(default)s; on a GPU products of float32 are '
                        'computed with TF32 if it has that)')
    parser.add_argument('--compile', action='store_true',
                        help='compile the model first, for train, infer and eval')
    parser.add_argument('--iters', type=int, default=5, metavar='N',
                        help='measured steps; samples for load (default: %(default)s)')
    parser.add_argument('--warmup', type=int, default=1, metavar='N',
                        help='warm-up steps before those (default: %(default)s)')
    parser.add_argument('--random-words', action='store_true',
                        help='eval without the tokenizer, which may need a file')
    parser.add_argument('--threads', type=int, metavar='N',
                        help="threads of torch on the CPU (default: torch's choice)")
    parser.add_argument('--json', type=Path, metavar='F.json',
                        help='write the figures to this file')
    add_overwrite(parser)
    add_config_options(parser)
    args = parser.parse_args()
    for name in ('iters', 'expressions', 'batch_size', 'threads'):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f'--{name.replace("_", "-")} is at least 1, not {value}')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn

from segvg.annotations.line_index import index_path
from segvg.apis.inferencer import pick_device
from segvg.bench.random_batch import draw_words, random_batch
from segvg.engine.launch import load_config
from segvg.engine.preflight import check_files
from segvg.engine.speed import set_defaults, use_precision
from segvg.registry import DATASETS, MODELS
from segvg.utils import profiling
from segvg.utils.configs import ann_path, drop_init, find_dicts
from segvg.utils.precision import precision

# -- pieces ----------------------------------------------------------------------------

def build_model(cfg: Config, args: argparse.Namespace) -> nn.Module:
    """Return the model of a config with random weights, compiled if wanted."""
    drop_init(cfg.model)
    model = MODELS.build(cfg.model)
    model.init_weights()
    use_precision(model, compiled=args.compile)
    return model.to(args.device)


def measure_steps(step: Callable[[], Any], model: nn.Module, samples: int,
                  args: argparse.Namespace) -> dict[str, Any]:
    """Return time, memory, size and work of a step over ``samples`` expressions."""
    held = profiling.peak_memory(args.device)
    seconds = profiling.time_steps(step, args.iters, args.warmup, args.device)
    return dict(
        seconds_per_step=seconds,
        seconds_per_image=seconds['median'] / args.batch_size,
        samples_per_second=samples / seconds['median'],
        peak_memory_mib=profiling.peak_memory(args.device),
        memory_before_first_step_mib=held,
        parameters=sum(p.numel() for p in model.parameters()),
        # The operations of a compiled graph cannot be told one from another.
        flops_per_step=None if args.compile else profiling.count_flops(step))


# -- what can be measured --------------------------------------------------------------

def measure_train(cfg: Config, args: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of a training step."""
    set_defaults(cfg)
    optim = cfg.optim_wrapper
    if args.dtype != 'float32':
        optim.update(type='PrecisionOptimWrapper', dtype=args.dtype)
    model = build_model(cfg, args).train()
    wrapper = build_optim_wrapper(model, optim)
    batch = random_batch(cfg, model, 'train_dataloader', args.batch_size,
                         args.expressions)
    return dict(expressions_per_image=args.expressions, **measure_steps(
        lambda: model.train_step(batch, wrapper), model,
        args.batch_size * args.expressions, args))


def predictor(model: nn.Module, args: argparse.Namespace) -> Callable[[dict], list]:
    """Return a function that predicts for a batch."""
    @torch.no_grad()
    def predict(batch: dict) -> list:
        with precision(args.device.type, args.dtype):
            return model.test_step(batch)

    return predict


def measure_infer(cfg: Config, args: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of inference on images in memory."""
    model = build_model(cfg, args).eval().requires_grad_(False)
    batch = random_batch(cfg, model, 'test_dataloader', args.batch_size,
                         args.expressions)
    predict = predictor(model, args)
    return dict(expressions_per_image=args.expressions, **measure_steps(
        lambda: predict(batch), model, args.batch_size * args.expressions, args))


def measure_eval(cfg: Config, args: argparse.Namespace) -> dict[str, Any]:
    """Return the time of evaluation with shared images and without, and their ratio.

    Both run the expressions of the first ``iters * batch_size`` images, with about as
    many expressions a batch.
    """
    model = build_model(cfg, args).eval()
    if args.random_words:
        draw_words(cfg.test_dataloader, model)
    check_files(cfg, ['test_dataloader'], pretrained=False)
    predict = predictor(model, args)
    dataset = next(find_dicts(cfg.test_dataloader, 'ann_file'))
    dataset.sample_by = 'image'
    size = min(args.iters * args.batch_size, len(DATASETS.build(dataset)))
    dataset.indices = size
    images = DATASETS.build(dataset)
    count = sum(len(images.get_data_info(i)['expressions']) for i in range(len(images)))
    shared, bboxes = run_loader(cfg, predict, args.batch_size, args.device)
    dataset.update(sample_by='expression', indices=count)
    size = max(round(args.batch_size * count / len(images)), 1)
    alone, others = run_loader(cfg, predict, size, args.device)
    difference = max((float((bboxes[key] - others[key]).abs().max()) for key in bboxes
                      if len(bboxes[key])), default=0.0)
    return dict(images=len(images), expressions=count, seconds_shared=shared,
                seconds_alone=alone,
                ratio={key: alone[key] / shared[key] for key in shared},
                percent_outside_the_model=100 * (1 - shared['model'] / shared['total']),
                samples_per_second=count / shared['total'],
                largest_box_difference_px=difference,
                peak_memory_mib=profiling.peak_memory(args.device))


def run_loader(cfg: Config, predict: Callable[[dict], list], batch_size: int,
               device: torch.device) -> tuple[dict[str, float], dict[int, Tensor]]:
    """Return seconds of a pass, whole, of model and scores, and boxes by expression."""
    set_defaults(cfg)
    loader = Runner.build_dataloader(
        ConfigDict(cfg.test_dataloader, batch_size=batch_size), seed=0)
    predict(next(iter(loader)))  # warm-up
    evaluator = Evaluator(cfg.test_evaluator)
    bboxes, model_seconds, score_seconds = {}, 0.0, 0.0
    start = time.perf_counter()
    for batch in loader:
        begin = time.perf_counter()
        samples = predict(batch)
        profiling.synchronize(device)
        model_seconds += time.perf_counter() - begin
        begin = time.perf_counter()
        evaluator.process(data_samples=samples, data_batch=batch)
        score_seconds += time.perf_counter() - begin
        for sample in samples:
            bboxes[sample.expr_idx] = sample.pred_instances.bboxes
    begin = time.perf_counter()
    evaluator.evaluate(len(loader.dataset))
    end = time.perf_counter()
    return dict(total=end - start, model=model_seconds,
                scores=score_seconds + end - begin), bboxes


def measure_load(cfg: Config, args: argparse.Namespace) -> dict[str, Any]:
    """Return what opening and reading the training data costs."""
    check_files(cfg, ['train_dataloader'], pretrained=False)
    for part in find_dicts(cfg.train_dataloader, 'ann_file'):
        index_path(ann_path(part)).unlink(missing_ok=True)
    opened, dataset = [], None
    for _ in range(2):  # the first makes the index
        held, start = profiling.private_memory(), time.perf_counter()
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        dataset.full_init()
        opened.append(time.perf_counter() - start)
    grown = held and profiling.private_memory() - held
    order = iter(np.random.randint(0, len(dataset), args.warmup + args.iters).tolist())
    seconds = profiling.time_steps(lambda: dataset[next(order)], args.iters,
                                   args.warmup)
    return dict(samples=len(dataset), seconds_to_open_without_index=opened[0],
                seconds_to_open_with_index=opened[1], memory_to_open_mib=grown,
                seconds_per_sample=seconds,
                samples_per_second=1 / seconds['median'],
                memory_per_worker_mib=profiling.worker_memory(dataset, args.iters))


MEASUREMENTS: dict[str, Callable[[Config, argparse.Namespace], dict]] = dict(
    train=measure_train, infer=measure_infer, eval=measure_eval, load=measure_load)


# -- report ----------------------------------------------------------------------------

def prepare(args: argparse.Namespace) -> Config:
    """Return the config and fill in defaults of the command line from it."""
    cfg = load_config(args)
    args.device = pick_device(args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.batch_size is None:
        loader = 'train' if args.what in ('train', 'load') else 'test'
        args.batch_size = cfg[f'{loader}_dataloader'].batch_size
    init_default_scope(cfg.get('default_scope', 'segvg'))
    MMLogger.get_instance('benchmark').setLevel('ERROR')
    np.random.seed(0)
    torch.manual_seed(0)
    return cfg


def describe_run(args: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the figures depend on."""
    gpu = args.device.type == 'cuda'
    name = torch.cuda.get_device_name(args.device) if gpu else platform.machine()
    return dict(config=args.config, what=args.what, device=str(args.device),
                device_name=name, threads=torch.get_num_threads(), dtype=args.dtype,
                compiled=args.compile, batch_size=args.batch_size, iters=args.iters,
                torch=torch.__version__)


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table of figures."""
    width = max(map(len, figures))
    for key, value in figures.items():
        if isinstance(value, dict) and 'median' in value:
            text = (f'{value["median"]:.4g}  ({value["min"]:.4g} to '
                    f'{value["max"]:.4g})')
        elif isinstance(value, dict):
            text = '  '.join(f'{name} {item:.4g}' for name, item in value.items())
        elif isinstance(value, float):
            text = f'{value:.4g}'
        else:
            text = f'{value:,}' if isinstance(value, int) else str(value)
        yield f'{key.replace("_", " "):{width}}  {text}'


@one_line_errors
def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    check_outputs([args.json], [args.config], overwrite=args.overwrite)
    try:
        cfg = prepare(args)
        figures = dict(describe_run(args), **MEASUREMENTS[args.what](cfg, args))
    except (OSError, ValueError, KeyError) as error:
        fail(error)
    print('\n'.join(table(figures)))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        write_whole(args.json, json.dumps(figures, indent=2) + '\n')


if __name__ == '__main__':
    main()
