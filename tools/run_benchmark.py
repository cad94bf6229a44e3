"""Train and score every entry of a plan, and write one table."""
import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Condition

from segvg.utils.command_line import add_step_options, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=f'{__doc__} Started again, it resumes where it stopped; what '
        'failed is tried again. segvg/bench/plan.py says what a plan holds.')
    parser.add_argument('plan', help='e.g. benchmarks/synthref_cpu.py')
    parser.add_argument('--work-dir', metavar='DIR',
                        help='folder for logs and results (default: work_dirs/<name of '
                        'the plan>)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N',
                        help='entries that run at the same time (default: %(default)s)')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='only these entries')
    parser.add_argument('--table', action='store_true',
                        help='run nothing, show the table of existing results')
    add_step_options(parser, 'ENTRY/seed_N')
    args = parser.parse_args()
    if args.jobs < 1:
        parser.error(f'--jobs is at least 1, not {args.jobs}')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.bench.card import CardError
from segvg.bench.card_page import tables_page
from segvg.bench.plan import Plan, Run, read_plan
from segvg.bench.report import as_json, as_markdown, as_text, make_tables
from segvg.bench.steps import PROGRAMS, RunFolders, StepError, perform, prepare_data

NOTE = '95 % intervals by drawing images again'


class Bench:
    """Performs the runs of a plan and reports its progress.

    Args:
        plan: what to run.
        work_dir: folder of all results.
        runs: those of the plan that are wanted.
    """

    def __init__(self, plan: Plan, work_dir: Path, runs: list[Run]) -> None:
        self.plan, self.work_dir, self.runs = plan, work_dir, runs
        self.steps = RunFolders(work_dir, plan, say=self.say)
        self.failed: dict[str, str] = {}
        self.ended = 0
        self.waiting = list(runs)
        self.unfinished = {run.folder for run in runs}
        self.changed = Condition()

    def say(self, text: str) -> None:
        """Print a line with the time."""
        # one write: the end of the line is not left to another thread
        print(f'{time.strftime("%H:%M:%S")} {text}\n', end='', flush=True)

    def perform(self, run: Run) -> None:
        """Perform a run; a failure is recorded and the others continue."""
        start, name = time.monotonic(), f'{run.entry}, seed {run.seed}'
        word = 'was done before' if self.steps.is_done(run.folder) else 'done'
        try:
            perform(self.steps, run, self.plan)
        except (StepError, OSError, ValueError) as error:
            word = 'FAILED'
            self.failed[name] = str(error)
        self.ended += 1
        minutes = (time.monotonic() - start) / 60
        self.say(f'[{self.ended}/{len(self.runs)}] {name}: {word}, {minutes:.1f} min')

    def next_run(self) -> Run | None:
        """Take the first run whose weights to start from are there; none: all begun."""
        with self.changed:
            while self.waiting:
                for run in self.waiting:
                    if self.unfinished.isdisjoint(self.steps.after.get(run.folder, ())):
                        self.waiting.remove(run)
                        return run
                # Entries start from those before them, so one of them is running.
                self.changed.wait()
        return None

    def work(self) -> None:
        """Perform runs one after another while there are any."""
        while (run := self.next_run()) is not None:
            try:
                self.perform(run)
            finally:
                with self.changed:
                    self.unfinished.discard(run.folder)
                    self.changed.notify_all()

    def run(self, jobs: int) -> None:
        """Do all runs, ``jobs`` at a time."""
        PROGRAMS.begin()
        prepare_data(self.work_dir, self.plan, self.say)
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for worker in as_completed([pool.submit(self.work)
                                            for _ in range(jobs)]):
                    worker.result()
            except BaseException as error:  # Ctrl-C and SIGTERM, too
                with self.changed:
                    self.waiting.clear()  # nothing more begins
                if not isinstance(error, Exception):
                    PROGRAMS.end()
                raise  # when what runs has ended

    def write_table(self) -> None:
        """Print the table; write it as table.md, table.json and table.html."""
        tables = make_tables(self.plan, self.work_dir)
        if not tables:
            print(f'no results in {self.work_dir} yet')
            return
        print(f'\n{as_text(tables)}\n')
        write_whole(self.work_dir / 'table.md', as_markdown(tables) + '\n')
        write_whole(self.work_dir / 'table.json',
                    json.dumps(as_json(tables), indent=1) + '\n')
        write_whole(self.work_dir / 'table.html',
                    tables_page(self.plan.name, tables, NOTE))


@one_line_errors
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
        if args.table:
            bench.write_table()
            return
        with bench.steps.locked(args) as ends:
            if ends:
                return
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
