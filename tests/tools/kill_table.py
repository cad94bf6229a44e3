"""Kill every training tool at many places and times, and compare the results.

python -m tests.tools.kill_table [TOOL ...] [--random N] [--seed N] [--random-only]

Prints a table: tool, workers, kills, and how many of them ended with identical weights,
best checkpoints and scores. Takes minutes; ``tests/tools/test_kills.py`` is a part of
it that the suite runs.
"""
import argparse
import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from tests.tools.killing import run_for, run_until_killed, start
from tests.tools.test_kills import PLACES, digests, write_config
from tests.toy import ROOT, make_data, toy_config

CALL = ('mmengine.runner', 'Runner.call_hook')


class Tool(NamedTuple):
    """A tool and how it is tried.

    Attributes:
        prepare: writes the toy configs into a folder; returns the arguments but for the
            work folder.
        places: where it is killed.
        scores: pattern of the files with scores.
        resume: further arguments of the second run.
    """
    prepare: Callable[[Path, int], list]
    places: dict[str, tuple]
    scores: str = '*.none'
    resume: tuple = ()


def siri(folder: Path, workers: int) -> list:
    """Write a toy config of two rounds."""
    from tests.tools.test_siri import make_config
    config = with_workers(make_config(folder, make_data(folder / 'data')), workers)
    with open(config, 'a') as stream:  # scored after every epoch, not the last alone
        stream.write('train_cfg.update(val_interval=1)\n')
    return [config]


def stages(folder: Path, workers: int) -> list:
    """Write toy configs of a training of boxes and one of masks."""
    data = make_data(folder / 'data')
    for name, source in (('first', 'reftr_tiny_synthref_l0'),
                         ('second', 'reftr_res_staged_tiny_synthref_l0')):
        cfg = toy_config(ROOT / f'configs/reftr/{source}.py', data, folder)
        cfg.pop('work_dir')
        cfg.pop('earlier_stages', None)
        cfg.train_cfg.update(max_epochs=2, val_interval=1)
        if name == 'second':
            cfg.earlier_stages = [str(folder / 'first.py')]
        cfg.dump(folder / f'{name}.py')
        with_workers(folder / f'{name}.py', workers)
    return [folder / 'second.py']


def partial_res(folder: Path, workers: int) -> list:
    """Write toy configs of Partial-RES."""
    from tests.tools.test_partial_res import toy_steps
    os.chdir(folder)
    config = toy_steps(make_data(Path('data')))
    for name in ('boxes.py', 'contours.py'):
        with_workers(folder / name, workers)
    return [config, '--with-all-masks']


def benchmark(folder: Path, workers: int) -> list:
    """Write a plan of two entries, one that starts from the other's best weights."""
    cfg = toy_config(ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py',
                     make_data(folder / 'data'), folder / 'unused')
    cfg.default_hooks.checkpoint.save_best = 'rec/mIoU'
    cfg.train_cfg.val_interval = 1
    cfg.dump(folder / 'toy.py')
    with_workers(folder / 'toy.py', workers)
    entries = [dict(name='A', config=str(folder / 'toy.py'), checkpoint='best_*.pth'),
               dict(name='B', config=str(folder / 'toy.py'), starts_from='A')]
    (folder / 'plan.py').write_text(
        "name = 'toy'\nseeds = [0]\nsplits = ['val']\nscores = ['rec/mIoU']\n"
        f'epochs = 3\nentries = {entries!r}\n')
    return [folder / 'plan.py']


def with_workers(path: Path, workers: int) -> Path:
    """Give the training data of a config worker processes."""
    with open(path, 'a') as stream:
        stream.write(f'\ntrain_dataloader.update(num_workers={workers}, '
                     f'persistent_workers={workers > 0})\n')
    return path


def step_places(*names: str) -> dict[str, tuple]:
    """Return the places within the trainings of some steps."""
    return {f'{name}: {place}': found for name in names for place, found in {
        'in an epoch': (*CALL, f'{name} before_train_iter', 3),
        'writing a checkpoint': ('os', 'replace', f'{name}/epoch_2.pth', 1),
        'between save and validation': (*CALL, f'{name} before_val_epoch', 2),
        'writing that it is done': ('os', 'replace', f'{name}/done', 1)}.items()}


TOOLS = {
    'train.py': Tool(lambda folder, workers: [write_config(folder, workers)], PLACES,
                     resume=('--resume', )),
    'siri.py': Tool(
        siri, step_places('round_1', 'round_2')
        | {'writing the table': ('os', 'replace', 'rounds.json', 2)}, 'rounds.json'),
    'train_stages.py': Tool(stages, step_places('first', 'second')),
    'partial_res.py': Tool(
        partial_res, step_places('1_rec', '5_retrain')
        | {'6_scores: writing': ('os', 'replace', '6_scores/3_res.json', 1)},
        '[67]_*/*.json'),
    'run_benchmark.py': Tool(benchmark, {}, 'table.json')}


def results(folder: Path, tool: Tool) -> dict[str, dict]:
    """Return weights, best checkpoints and scores of a work folder."""
    sums = digests(folder)
    scores = {str(path.relative_to(folder)): comparable(json.loads(path.read_text()))
              for path in folder.glob(tool.scores)}
    return dict(weights=sums, best={name for name in sums if 'best_' in name},
                scores=scores)


def comparable(value: object) -> object:
    """Return what was written without times, memory and paths."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()
                if key not in ('seconds', 'memory', 'checkpoint', 'kept_from', 'config',
                               'checkpoint_sha256')}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def left_over(folder: Path) -> list[str]:
    """Return files that a good run must not leave."""
    return [str(path) for path in folder.rglob('*') if path.is_file() and (
        path.suffix in ('.part', '.tmp', '.draft') or path.name == '.lock'
        or not path.stat().st_size and path.suffix != '.log')]  # toys log errors only


def finish(name: str, arguments: list) -> None:
    """Run a tool to its end."""
    code = start(name, arguments, limit=600).exitcode
    assert code == 0, f'{name} {arguments} ended with {code}'


def try_tool(name: str, workers: int, moments: int, seed: int = 0,
             random_only: bool = False) -> str:
    """Kill a tool at all its places and at random; returns a row of the table."""
    tool, root = TOOLS[name], Path(tempfile.mkdtemp(prefix='kills_'))
    arguments = tool.prepare(root, workers)
    os.chdir(root)
    finish(name, ['--help'])  # the server of the processes has begun by then
    begin = time.monotonic()
    finish(name, [*arguments, '--work-dir', root / 'whole'])
    seconds, whole = time.monotonic() - begin, results(root / 'whole', tool)
    chance, same, kills = random.Random(seed), dict.fromkeys(whole, 0), 0
    for place in [*(() if random_only else tool.places), *range(moments)]:
        parts = root / 'parts'  # steps are known by their folders: the same every time
        command = [*arguments, '--work-dir', parts]
        killed = try_kill(name, command, tool.places.get(place),
                          chance.uniform(0.15, 1) * seconds)
        finish(name, [*command, *tool.resume])
        found = results(parts, tool)
        if killed:
            kills += 1
            for key in same:
                same[key] += found[key] == whole[key]
            if found != whole or left_over(parts):
                print(f'  {name}, {place}: differs', left_over(parts), flush=True)
        os.rename(parts, root / f'parts_{len(os.listdir(root))}')
    cells = [name, workers, kills, *(f'{number}/{kills}' for number in same.values())]
    return '  '.join(f'{cell!s:17}' for cell in cells)


def try_kill(name: str, command: list, place: Optional[tuple], seconds: float) -> bool:
    """Kill a tool at a place, or after a time; returns whether it was killed."""
    if place is None:
        return run_for(name, command, seconds)
    run_until_killed(name, command, place)
    return True


def main() -> None:
    """Try the tools."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('tools', nargs='*', default=list(TOOLS))
    parser.add_argument('--random', type=int, default=5, metavar='N')
    parser.add_argument('--seed', type=int, default=0, help='of the random moments')
    parser.add_argument('--random-only', action='store_true',
                        help='at random moments, not at the chosen places')
    parser.add_argument('--workers', type=int, nargs='+', default=[0, 2])
    args = parser.parse_args()
    print('  '.join(f'{cell:17}' for cell in (
        'tool', 'workers', 'kills', 'same weights', 'same best', 'same scores')))
    for name in args.tools:
        for workers in args.workers:
            print(try_tool(name, workers, args.random, args.seed, args.random_only),
                  flush=True)


if __name__ == '__main__':
    main()
