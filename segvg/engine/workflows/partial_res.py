"""Partial-RES: boxes for all training data, masks for a few, contours for the rest.

A config asks for it by ``partial_res = dict(rec_config=..., percent=..., seed=...,
threshold=...)``; a further key ``res_epochs`` gives the epochs of 3_res, since an epoch
of few masks is short.

Source: Qu et al., "Learning to Segment Every Referring Object Point by Point", CVPR
2023.
"""
import argparse
import json
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from segvg.engine.resume import best_checkpoint, find_last_checkpoint
from segvg.engine.workflows.folders import StepFolders, check_settings
from segvg.engine.workflows.partial_res_steps import STEPS
from segvg.utils import child_processes
from segvg.utils.configs import load
from segvg.utils.files import write_whole

COLUMNS = {'3_res': 'labelled only', '5_retrain': 'with pseudo labels',
           '7_all': 'all masks'}


class PartialRES:
    """The steps of a run, each in a folder of its own below the work folder.

    Args:
        args: command line of ``tools/partial_res.py``.

    Raises:
        ValueError: the config does not ask for it.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        cfg = load(args.config)
        if 'partial_res' not in cfg:
            raise ValueError(f'{args.config} has no `partial_res` with rec_config, '
                             'percent, seed and threshold')
        self.settings = cfg.partial_res
        self.config = args.config
        self.percent = (self.settings.percent if args.percent is None else
                        args.percent)
        if not 0 < self.percent <= 100:
            raise ValueError(f'percent is above 0 and at most 100, not {self.percent}')
        self.options = args.cfg_options
        self.rec_checkpoint: Optional[str] = args.rec_checkpoint
        self.work = Path(args.work_dir or Path('work_dirs') / Path(args.config).stem)
        self.steps = StepFolders(self.work, list(STEPS))
        self.train_file = self._train_file(cfg)

    def _train_file(self, cfg: Config) -> Path:
        """Return the file of all training data."""
        given = [option.partition('=')[2] for option in self.options
                 if option.startswith('train_dataloader.dataset.data_root=')]
        dataset = cfg.train_dataloader.dataset
        root = given[-1] if given else dataset.get('data_root', '')
        names = [option.partition('=')[2] for option in self.options
                 if option.startswith('train_dataloader.dataset.ann_file=')]
        return Path(root) / (names[-1] if names else dataset.ann_file)

    def check(self) -> None:
        """Refuse to resume steps that were begun with other settings.

        Raises:
            ValueError: they were; names the settings.
        """
        check_settings(self.work, dict(
            self.settings, config=self.config, percent=self.percent,
            rec_checkpoint=self.rec_checkpoint, options=self.options))

    def run(self, step: str) -> None:
        """Do a step unless it is done."""
        self.steps.perform(step, getattr(self, f'step_{step}'))

    def tool(self, name: str, *arguments: object) -> None:
        """Run another tool; its failure is that of the step."""
        child_processes.run_tool(name, *arguments)

    def train(self, config: str, folder: Path, options: list[str]) -> None:
        """Train, or resume a training that was stopped."""
        resume = ['--resume'] if find_last_checkpoint(folder) else []
        options = [*self.options, *options]
        self.tool('train.py', config, '--work-dir', folder, *resume,
                  *(['--cfg-options', *options] if options else []))

    def best(self, step: str) -> str:
        """Return the best checkpoint of a training."""
        return best_checkpoint(self.steps.folder(step))

    def only_file(self, step: str) -> Path:
        """Return the annotation file that a step wrote.

        Raises:
            FileNotFoundError: the step has written no such file.
        """
        found = sorted(self.steps.folder(step).glob('*.jsonl'))
        if not found:
            raise FileNotFoundError(f'{self.steps.folder(step)} has no .jsonl file: '
                                    f'{step} has to be done before')
        return found[0].absolute()

    def step_1_rec(self, folder: Path) -> None:
        """Train the box model, unless a checkpoint was given."""
        if self.rec_checkpoint is None:
            self.train(self.settings.rec_config, folder, [])

    def step_2_subset(self, folder: Path) -> None:
        """Choose the labelled objects at random."""
        self.tool('draw_subset.py', self.train_file, '--percent', self.percent,
                  '--seed', self.settings.seed, '--out', folder, '--overwrite')

    def contours(self, folder: Path, annotations: Path,
                 epochs: Optional[int] = None) -> None:
        """Train contours on a file, from the box model; validate four times or more."""
        start = self.rec_checkpoint or self.best('1_rec')
        options = [f'train_dataloader.dataset.ann_file={annotations}',
                   f'load_from={start}']
        if epochs is not None:
            options += [f'train_cfg.max_epochs={epochs}',
                        f'train_cfg.val_interval={max(epochs // 4, 1)}']
        self.train(self.config, folder, options)

    def step_3_res(self, folder: Path) -> None:
        """Train contours on the labelled objects."""
        self.contours(folder, self.only_file('2_subset'),
                      self.settings.get('res_epochs'))

    def step_4_pseudo(self, folder: Path) -> None:
        """Make the training file with pseudo labels."""
        options = ['--cfg-options', *self.options] if self.options else []
        self.tool('make_pseudo_labels.py', self.config, self.best('3_res'),
                  '--annotations', self.train_file, '--labelled',
                  self.only_file('2_subset'), '--threshold', self.settings.threshold,
                  '--work-dir', folder / 'logs', '--out', folder, '--overwrite',
                  *options)

    def step_5_retrain(self, folder: Path) -> None:
        """Train contours on labelled and pseudo-labelled objects."""
        self.contours(folder, self.only_file('4_pseudo'))

    def step_6_scores(self, folder: Path) -> None:
        """Score both contour models and print one table."""
        for step in ('3_res', '5_retrain'):
            self.score(step, folder)
        self.write_table(folder)

    def step_7_all(self, folder: Path) -> None:
        """Train contours on all objects, score them beside the others."""
        self.contours(folder, self.train_file.absolute())
        self.score('7_all', folder)
        self.write_table(folder)

    def score(self, step: str, folder: Path) -> None:
        """Write the scores of a contour model."""
        options = ['--cfg-options', *self.options] if self.options else []
        self.tool('test.py', self.config, self.best(step), '--work-dir',
                  folder / 'logs', '--out', folder / f'{step}.json',
                  '--overwrite', *options)

    def write_table(self, folder: Path) -> None:
        """Write and print the table of the scores that are there."""
        columns = {}
        for step, title in COLUMNS.items():
            scored_in = '7_all' if step == '7_all' else '6_scores'
            path = self.steps.folder(scored_in) / f'{step}.json'
            if path.exists():
                columns[title] = json.loads(path.read_text('utf-8'))['metrics']
        names = next(iter(columns.values()))
        lines = [f'| {self.percent:g} % of the masks | {" | ".join(columns)} |',
                 '|---' * (1 + len(columns)) + '|']
        lines += [f'| {name} | ' + ' | '.join(
            f'{scores[name]:.2f}' for scores in columns.values()) + ' |'
            for name in names]
        table = '\n'.join(lines)
        write_whole(folder / 'table.md', f'{table}\n')
        print(table, flush=True)
