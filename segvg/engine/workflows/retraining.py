"""Selective retraining: train in rounds, carry over parts, start the rest again.

A config asks for it by ``retraining = dict(rounds=8, keep=['fusion.layers'])``. Every
round is a whole training with its own folder; what a round leaves behind is a row of
``rounds.json``, written when it is complete, so that the rounds can be stopped at any
time and resumed. Controls, with as many epochs in all: nothing or everything is kept,
or one run is as long as all rounds.

Source: Qu et al., "SiRi", ECCV 2022.
"""
import copy
import hashlib
import itertools
import json
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.logging import print_log

from segvg.engine.hooks.selective_load_hook import check_parts, names_below
from segvg.engine.launch import build_runner, load_weights
from segvg.engine.resume import last_checkpoint
from segvg.engine.workflows.folders import (
    SETTINGS,
    StepFolders,
    check_settings,
    training_in,
)
from segvg.utils.files import write_whole

TABLE = 'rounds.json'
KEYS = ('rounds', 'keep', 'seed_step', 'one_run')
#: Words for the controls -> the parts that are kept.
WORDS = dict(all=[''], nothing=[])
ONE_RUN = 'one_run'
#: Keys of schedules, loops and hooks that count epochs or steps of a whole training.
LENGTHS = ('T_max', 'drop', 'end', 'epochs', 'max_epochs', 'max_iters', 'milestones',
           'periods', 'step_size', 'total_iters', 'total_steps')
#: Schedules that change a value in one direction, up or down.
LINEAR = ('LinearLR', 'LinearMomentum', 'LinearParamScheduler')
WARM_UPS = ('ConstantLR', 'ConstantMomentum', 'ConstantParamScheduler',
            'QuadraticWarmupLR', 'QuadraticWarmupMomentum',
            'QuadraticWarmupParamScheduler')


def check_retraining(cfg: Config) -> dict[str, Any]:
    """Return the ``retraining`` of a config with its defaults.

    Keys: ``rounds``; ``keep``, names of the parts that are carried over, or ``'all'``
    ([''] in the result) or ``'nothing'`` ([]); ``seed_step``, added to the seed from
    round to round, 0 as published: what is initialized again gets the same numbers
    every time; ``one_run``, True for one training that is as long as all rounds.

    Raises:
        ValueError: it is missing, or a key is unknown or has a wrong value, or all
            rounds would be the same.
    """
    given = cfg.get('retraining')
    if given is None:
        raise ValueError(f"{cfg.filename} has no 'retraining'; a config asks for it by "
                         "retraining = dict(rounds=8, keep=['fusion.layers'])")
    unknown = sorted(set(given) - set(KEYS))
    if unknown:
        raise ValueError(f'retraining has the keys {KEYS}, not {unknown}')
    keep = given.get('keep')
    plan = dict(rounds=given.get('rounds'),
                keep=WORDS.get(keep, keep) if isinstance(keep, str) else keep,
                seed_step=given.get('seed_step', 0))
    if not isinstance(plan['rounds'], int) or plan['rounds'] < 1:
        raise ValueError('retraining.rounds is a number from 1, not '
                         f'{plan["rounds"]!r}')
    if not isinstance(plan['keep'], (list, tuple)):
        raise ValueError('retraining.keep is a list of names of parts of the model, '
                         f"'all' or 'nothing', not {plan['keep']!r}")
    if not isinstance(plan['seed_step'], int):
        raise ValueError('retraining.seed_step is a whole number, not '
                         f'{plan["seed_step"]!r}')
    if given.get('one_run'):
        plan['one_run'] = True
    elif not plan['keep'] and not plan['seed_step'] and plan['rounds'] > 1:
        raise ValueError('rounds that keep nothing and have the same seed are all the '
                         'same: set retraining.seed_step, e.g. 1')
    return plan


def settings_of(cfg: Config) -> dict[str, Any]:
    """Return all that decides what a round computes; more rounds may follow."""
    content = {key: value for key, value in cfg.to_dict().items()
               if key not in ('work_dir', 'launcher')}
    plan = check_retraining(cfg)
    content['retraining'] = plan if ONE_RUN in plan else {**plan, 'rounds': None}
    return content


def round_steps(cfg: Config) -> StepFolders:
    """Return the rounds of a config as steps in its work folder."""
    plan = check_retraining(cfg)
    names = [ONE_RUN] if ONE_RUN in plan else [
        f'round_{number}' for number in range(1, plan['rounds'] + 1)]
    return StepFolders(Path(cfg.work_dir), names)


def complete_rounds(cfg: Config) -> list[dict]:
    """Return the rows of the rounds that are done, up to the first that is not.

    Raises:
        ValueError: they were made by another config.
    """
    steps = round_steps(cfg)
    if (steps.work_dir / SETTINGS).exists():
        check_settings(steps.work_dir, settings_of(cfg))
    done = itertools.takewhile(steps.is_done, steps.names)
    return [steps.result(name) for name in done]


def write_table(cfg: Config, rows: list[dict]) -> None:
    """Write the rows of complete rounds."""
    if is_main_process():
        content = dict(config=fingerprint(cfg), rounds=rows)
        write_whole(Path(cfg.work_dir, TABLE), json.dumps(content, indent=2) + '\n')


def fingerprint(cfg: Config) -> str:
    """Return a sum of all that decides what a round computes."""
    return hashlib.sha256(json.dumps(
        settings_of(cfg), sort_keys=True, default=str).encode()).hexdigest()


def format_table(rows: list[dict]) -> str:
    """Return the rows as text: round, tensors kept, scores of the last epoch."""
    names = list(rows[0]['scores']) if rows else []
    lines = ['  '.join(['round', 'seed', 'kept', *names])]
    for row in rows:
        cells = [f'{row["round"]:5d}', f'{row["seed"]:4d}', f'{row["kept"]:4d}']
        cells += [f'{row["scores"][name]:{len(name)}.2f}' for name in names]
        lines.append('  '.join(cells))
    return '\n'.join(lines)


def is_warm_up(part: Any) -> bool:
    """Return whether a part of a config raises a value at the start of a training."""
    kind = str(part.get('type')).rpartition('.')[2]
    if kind in LINEAR:  # with mmengine's defaults
        return part.get('start_factor', 1 / 3) < part.get('end_factor', 1.0)
    return kind in WARM_UPS


def stretch(part: Any, times: int) -> None:
    """Multiply what counts epochs or steps of a whole training in a part of a config.

    A warm-up, and what begins after it, begins and ends as before.
    """
    if is_warm_up(part):
        return
    begin, end = part.get('begin', 0), part.get('end')
    if end is not None and part.get('T_max') == end - begin:
        part.update(end=times * end, T_max=times * end - begin)
        return
    for key in LENGTHS:
        value = part.get(key)
        if isinstance(value, (list, tuple)):
            part[key] = [times * one for one in value]
        elif value is not None:
            part[key] = times * value


def stretched(cfg: Config, times: int) -> Config:
    """Return the config of a training that is several times as long."""
    new = copy.deepcopy(cfg)
    schedulers = new.get('param_scheduler') or []
    for part in [schedulers] if isinstance(schedulers, dict) else schedulers:
        stretch(part, times)
    stretch(new.train_cfg, times)
    for hook in new.get('custom_hooks') or []:
        stretch(hook, times)
    return new


def round_config(cfg: Config, number: int, previous: Optional[str]) -> Config:
    """Return the config of a round, from 1; ``previous`` is a checkpoint or None."""
    plan = check_retraining(cfg)
    folder = f'round_{number}'
    if ONE_RUN in plan:
        cfg, folder = stretched(cfg, plan['rounds']), ONE_RUN
    hooks = []
    if previous is not None and plan['keep']:
        hooks.append(dict(type='SelectiveLoadHook', checkpoint=previous,
                          parts=list(plan['keep'])))
    new = training_in(cfg, Path(cfg.work_dir) / folder,
                      cfg.get('load_from') if number == 1 else None, hooks)
    randomness = dict(cfg.get('randomness') or {})
    first = randomness.get('seed') or 0
    randomness['seed'] = first + (number - 1) * plan['seed_step']
    new.randomness = randomness
    return new


def score_round(cfg: Config, checkpoint: str) -> dict[str, float]:
    """Return the scores of a checkpoint on the validation data."""
    new = copy.deepcopy(cfg)
    new.experiment_name += '_scores'
    new.visualizer.name += '_scores'
    new.resume, new.load_from = False, None
    new.test_dataloader, new.test_evaluator = cfg.val_dataloader, cfg.val_evaluator
    runner = build_runner(new)
    load_weights(runner, checkpoint)
    return {name: float(value) for name, value in runner.test().items()}


def count_kept(cfg: Config, runner: Any) -> int:
    """Return how many tensors of the model the round took from the one before."""
    parts = [hook['parts'] for hook in cfg.custom_hooks
             if hook['type'] == 'SelectiveLoadHook']
    return len(names_below(names_of(runner), parts[0])) if parts else 0


def names_of(runner: Any) -> list[str]:
    """Return the names of the tensors of a runner's model."""
    return list(getattr(runner.model, 'module', runner.model).state_dict())


def train_round(cfg: Config, number: int, previous: Optional[str]) -> dict[str, Any]:
    """Train a round, or resume it, and return its row.

    Raises:
        ValueError: the model has not all parts that the next round is to keep.
    """
    current = round_config(cfg, number, previous)
    runner = build_runner(current)
    plan = check_retraining(cfg)
    if ONE_RUN not in plan:  # before the first round, which keeps nothing
        check_parts(names_of(runner), plan['keep'])
    runner.train()
    checkpoint = last_checkpoint(Path(current.work_dir))
    return {'round': number, 'seed': current.randomness['seed'],
            'kept_from': previous, 'kept': count_kept(current, runner),
            'checkpoint': checkpoint, 'scores': score_round(current, checkpoint)}


def run_rounds(cfg: Config) -> list[dict]:
    """Train all rounds that are not complete yet; returns the table.

    Every round has a fresh model, optimizer, schedule and average. Parts that are kept
    come from the last epoch of the round before, from its averaged weights where it
    keeps an average; public weights come from ``init_cfg``; the rest is initialized
    again.
    """
    steps, rows = round_steps(cfg), []
    if is_main_process():
        check_settings(steps.work_dir, settings_of(cfg))
    barrier()
    complete = complete_rounds(cfg)
    if complete:  # the last run may have stopped before it wrote the table
        write_table(cfg, complete)
    for number, name in enumerate(steps.names, 1):
        previous = last_checkpoint(steps.folder(steps.names[number - 2])) if rows else (
            None)
        was_done = steps.is_done(name)
        rows.append(steps.perform(
            name, lambda _, number=number, previous=previous: train_round(
                cfg, number, previous)))
        if not was_done:
            write_table(cfg, rows)
            print_log('\n' + format_table(rows), logger='current')
    return rows
