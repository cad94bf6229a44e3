"""Partial-RES in one command: boxes for all, masks for a few, contours for the rest.

Steps, each in a folder of its own below --work-dir:
  1_rec      train the box model that everything starts from
  2_subset   draw the objects whose masks are known
  3_res      train contours on them
  4_pseudo   predict masks for the rest, keep those that fill their box
  5_retrain  train contours again, from the box model, on both
  6_scores   score 3 and 5
  7_all      for comparison (--with-all-masks): train contours on all masks, score them
A step that is done is not repeated; one that was stopped goes on. The part of masks,
the seed and the box config stand in the config under `partial_res`; so may the
epochs of 3_res, `res_epochs`, since an epoch of few masks is short.
"""
import argparse
import json
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from segvg.engine.launch import fail
from segvg.engine.workflows.folders import StepFolders, check_settings
from segvg.engine.workflows.resume import best_checkpoint
from segvg.utils import child_processes
from segvg.utils.configs import load

TOOLS = Path(__file__).parent
STEPS = ('1_rec', '2_subset', '3_res', '4_pseudo', '5_retrain', '6_scores', '7_all')
COLUMNS = {'3_res': 'labelled only', '5_retrain': 'with pseudo labels',
           '7_all': 'all masks'}
# What is drawn in an epoch hangs on its number alone, and no epoch goes unscored: a
# stop changes nothing.
HOOKS = ('default_hooks.epoch_seed.type=EpochSeedHook',
         'default_hooks.validate_again.type=ValidateAgainHook')


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the contour model')
    parser.add_argument('--work-dir', metavar='DIR',
                        help='folder of the steps, each in one of its own (default: '
                        'work_dirs/<config>)')
    parser.add_argument('--percent', type=float, metavar='P',
                        help="part of the masks in percent (default: the config's)")
    parser.add_argument('--rec-checkpoint', metavar='FILE.pth',
                        help='skip 1_rec and start from this box model')
    parser.add_argument('--with-all-masks', action='store_true', help='do 7_all too')
    parser.add_argument('--steps', nargs='+', choices=STEPS,
                        help='do only these; what they need has to be there')
    parser.add_argument('--restart', choices=STEPS,
                        help='remove this step and those after it and do them again')
    parser.add_argument('--status', action='store_true',
                        help='say what is done, and end')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
                        help='settings that replace those of the config, for the '
                        'trainings of boxes and of contours')
    return parser.parse_args()


class Pipeline:
    """The steps of a run.

    Args:
        args: the command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        cfg = load(args.config)
        if 'partial_res' not in cfg:
            raise ValueError(f'{args.config} has no `partial_res` with rec_config, '
                             'percent, seed and threshold')
        self.settings = cfg.partial_res
        self.config = args.config
        self.percent = args.percent or self.settings.percent
        self.options = args.cfg_options
        self.rec_checkpoint: Optional[str] = args.rec_checkpoint
        self.work = Path(args.work_dir or Path('work_dirs') / Path(args.config).stem)
        self.steps = StepFolders(self.work, STEPS)
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
        """Refuse to go on with steps that were begun with other settings."""
        check_settings(self.work, dict(
            self.settings, config=self.config, percent=self.percent,
            rec_checkpoint=self.rec_checkpoint, options=self.options))

    def run(self, step: str) -> None:
        """Do a step unless it is done."""
        self.steps.perform(step, getattr(self, f'step_{step}'))

    def tool(self, name: str, *arguments: object) -> None:
        """Run another tool; its failure is that of the step."""
        child_processes.run_python(TOOLS / name, *arguments)

    def train(self, config: str, folder: Path, options: list[str]) -> None:
        """Train, or go on where a training was stopped."""
        going_on = ['--resume'] if (folder / 'last_checkpoint').exists() else []
        self.tool('train.py', config, '--work-dir', folder, *going_on,
                  '--cfg-options', *self.options, *HOOKS, *options)

    def best(self, step: str) -> str:
        """Return the best checkpoint of a training."""
        return best_checkpoint(self.steps.folder(step))

    def only_file(self, step: str) -> Path:
        """Return the annotation file that a step wrote.

        Raises:
            FileNotFoundError: there is none.
        """
        found = sorted(self.steps.folder(step).glob('*.jsonl'))
        if not found:
            raise FileNotFoundError(f'there is no .jsonl in {self.steps.folder(step)}: '
                                    f'{step} has to be done before')
        return found[0].absolute()

    def step_1_rec(self, folder: Path) -> None:
        """Train the box model, unless a checkpoint was given."""
        if self.rec_checkpoint is None:
            self.train(self.settings.rec_config, folder, [])

    def step_2_subset(self, folder: Path) -> None:
        """Draw the labelled objects."""
        self.tool('draw_subset.py', self.train_file, '--percent', self.percent,
                  '--seed', self.settings.seed, '--out', folder)

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
                  '--work-dir', folder / 'logs', '--out', folder, *options)

    def step_5_retrain(self, folder: Path) -> None:
        """Train contours on labelled and pseudo-labelled objects."""
        self.contours(folder, self.only_file('4_pseudo'))

    def step_6_scores(self, folder: Path) -> None:
        """Score both contour models and print one table."""
        for step in ('3_res', '5_retrain'):
            self.score(step, folder)
        self.tell(folder)

    def step_7_all(self, folder: Path) -> None:
        """Train contours on all objects, score them beside the others."""
        self.contours(folder, self.train_file.absolute())
        self.score('7_all', folder)
        self.tell(folder)

    def score(self, step: str, folder: Path) -> None:
        """Write the scores of a contour model."""
        options = ['--cfg-options', *self.options] if self.options else []
        self.tool('test.py', self.config, self.best(step), '--work-dir',
                  folder / 'logs', '--out', folder / f'{step}.json', *options)

    def tell(self, folder: Path) -> None:
        """Write and print the table of the scores that are there."""
        columns = {}
        for step, title in COLUMNS.items():
            place = '7_all' if step == '7_all' else '6_scores'
            path = self.steps.folder(place) / f'{step}.json'
            if path.exists():
                columns[title] = json.loads(path.read_text('utf-8'))['metrics']
        names = next(iter(columns.values()))
        lines = [f'| {self.percent:g} % of the masks | {" | ".join(columns)} |',
                 '|---' * (1 + len(columns)) + '|']
        lines += [f'| {name} | ' + ' | '.join(
            f'{scores[name]:.2f}' for scores in columns.values()) + ' |'
            for name in names]
        table = '\n'.join(lines)
        (folder / 'table.md').write_text(f'{table}\n', 'utf-8')
        print(table, flush=True)


def main() -> None:
    """Run the steps."""
    args = parse_args()
    try:
        pipeline = Pipeline(args)
        if args.restart:
            pipeline.steps.forget(args.restart)
        if args.status:
            print(pipeline.steps.table())
            return
        pipeline.check()
        with_all = args.with_all_masks or args.restart == '7_all'
        default = STEPS if with_all else STEPS[:6]
        for step in STEPS:
            if step in (args.steps or default):
                pipeline.run(step)
    except (FileNotFoundError, ValueError) as error:
        fail(error)


if __name__ == '__main__':
    main()
