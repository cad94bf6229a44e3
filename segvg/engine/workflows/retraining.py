"""Selective retraining: train in rounds, carry over parts, start the rest again.

A config asks for it by ``retraining = dict(rounds=8, keep=['fusion.layers'])``. Every
round is a whole training with its own folder; what a round leaves behind is a row of
``rounds.json``, written when it is complete, so that the rounds can be stopped at any
time and gone on with.

Source: Qu et al., "SiRi", ECCV 2022.
"""
import copy
import hashlib
import json
import os
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.logging import print_log

from segvg.engine.launch import build_runner, load_weights
from segvg.engine.workflows.resume import training_in

TABLE = 'rounds.json'
KEYS = ('rounds', 'keep', 'seed_step')


def check_retraining(cfg: Config) -> dict[str, Any]:
    """Return the ``retraining`` of a config with its defaults.

    Keys: ``rounds``; ``keep``, names of the parts that are carried over ([''] is
    everything, [] nothing); ``seed_step``, added to the seed from round to round, 0 as
    published: what is drawn again gets the same numbers every time.

    Raises:
        ValueError: it is missing, or a key is unknown or has a wrong value.
    """
    given = cfg.get('retraining')
    if given is None:
        raise ValueError(f"{cfg.filename} has no 'retraining'; a config asks for it by "
                         "retraining = dict(rounds=8, keep=['fusion.layers'])")
    unknown = sorted(set(given) - set(KEYS))
    if unknown:
        raise ValueError(f'retraining has the keys {KEYS}, not {unknown}')
    plan = dict(rounds=given.get('rounds'), keep=given.get('keep'),
                seed_step=given.get('seed_step', 0))
    if not isinstance(plan['rounds'], int) or plan['rounds'] < 1:
        raise ValueError('retraining.rounds is a number from 1, not '
                         f'{plan["rounds"]!r}')
    if not isinstance(plan['keep'], (list, tuple)):
        raise ValueError('retraining.keep is a list of names of parts of the model, '
                         f'not {plan["keep"]!r}')
    return plan


def fingerprint(cfg: Config) -> str:
    """Return a sum of all that decides what a round computes."""
    content = {key: value for key, value in cfg.to_dict().items()
               if key not in ('work_dir', 'launcher', 'retraining')}
    content['retraining'] = {**check_retraining(cfg), 'rounds': None}
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def read_table(folder: Path, cfg: Config) -> list[dict]:
    """Return the rows of complete rounds.

    Raises:
        ValueError: they were made by another config.
    """
    path = folder / TABLE
    if not path.is_file():
        return []
    content = json.loads(path.read_text())
    if content['config'] != fingerprint(cfg):
        raise ValueError(f'{path} was made by another config: its rounds cannot be '
                         'gone on with; give another --work-dir')
    return content['rounds']


def write_table(folder: Path, cfg: Config, rows: list[dict]) -> None:
    """Write the rows of complete rounds; a stop leaves the old file or the new one."""
    if is_main_process():
        draft = folder / f'{TABLE}.draft'
        draft.write_text(json.dumps(
            dict(config=fingerprint(cfg), rounds=rows), indent=2) + '\n')
        os.replace(draft, folder / TABLE)
    barrier()


def format_table(rows: list[dict]) -> str:
    """Return the rows as text: round, tensors kept, scores of the last epoch."""
    names = list(rows[0]['scores']) if rows else []
    lines = ['  '.join(['round', 'seed', 'kept', *names])]
    for row in rows:
        cells = [f'{row["round"]:5d}', f'{row["seed"]:4d}', f'{row["kept"]:4d}']
        cells += [f'{row["scores"][name]:{len(name)}.2f}' for name in names]
        lines.append('  '.join(cells))
    return '\n'.join(lines)


def round_config(cfg: Config, number: int, previous: Optional[str]) -> Config:
    """Return the config of a round, from 1; ``previous`` is a checkpoint or None."""
    plan = check_retraining(cfg)
    hooks = []
    if previous is not None and plan['keep']:
        hooks.append(dict(type='SelectiveLoadHook', checkpoint=previous,
                          parts=list(plan['keep'])))
    new = training_in(cfg, Path(cfg.work_dir) / f'round_{number}',
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
    from segvg.engine.hooks.selective_load_hook import names_below
    parts = [hook['parts'] for hook in cfg.custom_hooks
             if hook['type'] == 'SelectiveLoadHook']
    model = getattr(runner.model, 'module', runner.model)
    return len(names_below(model.state_dict(), parts[0])) if parts else 0


def run_rounds(cfg: Config) -> list[dict]:
    """Train all rounds that are not complete yet; returns the table.

    Every round has a fresh model, optimiser, schedule and average. Parts that are kept
    come from the last epoch of the round before, from its averaged weights where it
    keeps an average; public weights come from ``init_cfg``; the rest is drawn again.
    """
    plan, folder = check_retraining(cfg), Path(cfg.work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    rows = read_table(folder, cfg)
    for number in range(len(rows) + 1, plan['rounds'] + 1):
        previous = rows[-1]['checkpoint'] if rows else None
        current = round_config(cfg, number, previous)
        print_log(f'round {number} of {plan["rounds"]}: {current.work_dir}',
                  logger='current')
        runner = build_runner(current)
        runner.train()
        checkpoint = (Path(current.work_dir) / 'last_checkpoint').read_text().strip()
        rows.append({
            'round': number, 'seed': current.randomness['seed'],
            'kept_from': previous, 'kept': count_kept(current, runner),
            'checkpoint': checkpoint, 'scores': score_round(current, checkpoint)})
        write_table(folder, cfg, rows)
        print_log('\n' + format_table(rows), logger='current')
    return rows
