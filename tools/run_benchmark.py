"""Train and score every entry of a plan, and end in one table."""
import argparse
import json
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from segvg.bench.card import CardError
from segvg.bench.plan import Plan, Run, read_plan
from segvg.bench.report import as_json, as_markdown, as_text, make_tables
from segvg.bench.steps import StepError, is_done, perform, prepare_data
from segvg.engine.launch import fail


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=f'{__doc__} Started again, it goes on where it stopped; what '
        'failed is tried again. segvg/bench/plan.py says what a plan holds.')
    parser.add_argument('plan', help='e.g. benchmarks/synthref_cpu.py')
    parser.add_argument('--work-dir', metavar='DIR',
                        help='folder for logs and results (default: work_dirs/<name of '
                        'the plan>)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N',
                        help='how many entries run side by side (default: %(default)s)')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='these entries alone')
    parser.add_argument('--table', action='store_true',
                        help='run nothing, show the table of what is there')
    return parser.parse_args()


class Bench:
    """Performs the runs of a plan and tells how far it is.

    Args:
        plan: what to run.
        work_dir: folder of all results.
        runs: those of the plan that are wanted.
    """

    def __init__(self, plan: Plan, work_dir: Path, runs: list[Run]) -> None:
        self.plan, self.work_dir, self.runs = plan, work_dir, runs
        self.failed: dict[str, str] = {}
        self.done = 0
        self.begun: dict[tuple[str, int], Future] = {}

    def say(self, text: str) -> None:
        """Print a line with the time."""
        # one write: the end of the line is not left to another thread
        print(f'{time.strftime("%H:%M:%S")} {text}\n', end='', flush=True)

    def perform(self, run: Run) -> None:
        """Do a run; a failure is kept and the others go on."""
        name = f'{run.entry}, seed {run.seed}'
        word = 'was done before' if is_done(self.work_dir, run) else 'done'
        # the one that it starts from was begun before, so this cannot wait for ever
        before = self.begun.get((run.starts_from, run.seed))
        if before is not None:
            before.result()
        if word == 'done':
            self.say(f'{name}: begins')
        start = time.monotonic()
        try:
            perform(self.work_dir, run, self.plan)
        except (StepError, OSError, ValueError) as error:
            word = 'FAILED'
            self.failed[name] = str(error)
        self.done += 1
        minutes = (time.monotonic() - start) / 60
        self.say(f'[{self.done}/{len(self.runs)}] {name}: {word}, {minutes:.1f} min')

    def run(self, jobs: int) -> None:
        """Do all runs."""
        prepare_data(self.work_dir, self.plan, self.say)
        with ThreadPoolExecutor(jobs) as pool:
            for run in self.runs:
                self.begun[run.entry, run.seed] = pool.submit(self.perform, run)
            for begun in self.begun.values():
                begun.result()

    def write_table(self) -> None:
        """Print the table; write it as table.md and table.json."""
        tables = make_tables(self.plan, self.work_dir)
        if not tables:
            print(f'no results in {self.work_dir} yet')
            return
        print(f'\n{as_text(tables)}\n')
        self.work_dir.mkdir(parents=True, exist_ok=True)
        (self.work_dir / 'table.md').write_text(as_markdown(tables) + '\n', 'utf-8')
        (self.work_dir / 'table.json').write_text(
            json.dumps(as_json(tables), indent=1) + '\n', 'utf-8')


def main() -> None:
    """Run the bench."""
    args = parse_args()
    try:
        plan = read_plan(Path(args.plan))
        entries = {run.entry for run in plan.runs}
        unknown = set(args.only or ()) - entries
        if unknown:
            raise ValueError(f'--only {", ".join(sorted(unknown))}: the entries are '
                             f'{", ".join(sorted(entries))}')
        runs = [run for run in plan.runs if not args.only or run.entry in args.only]
        bench = Bench(plan, Path(args.work_dir or f'work_dirs/{plan.name}'), runs)
        if not args.table:
            bench.run(args.jobs)
        bench.write_table()
    except (FileNotFoundError, ValueError, StepError, CardError) as error:
        fail(error)
    for name, message in bench.failed.items():
        print(f'{name} failed: {message}', file=sys.stderr)
    if bench.failed:
        sys.exit(1)


if __name__ == '__main__':
    main()
