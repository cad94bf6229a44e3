"""Trainings in a row, each from the weights of the one before.

A config asks for it by ``earlier_stages = [...]``, the configs of the trainings that
come before its own.
"""
import argparse
from pathlib import Path
from typing import Callable, Optional

from mmengine.config import Config

from segvg.engine.launch import build_runner, load_config
from segvg.engine.preflight import check_files
from segvg.engine.resume import best_checkpoint, last_checkpoint
from segvg.engine.workflows.folders import StepFolders, check_settings, training_in
from segvg.leakage.guard import guard_training_data

#: Which weights a stage hands on -> how they are found.
HANDED_ON: dict[str, Callable[[Path], str]] = dict(
    last=last_checkpoint, best=best_checkpoint)


class Stages:
    """The stages of a config, the last of which is its own training.

    Args:
        args: command line of ``tools/train_stages.py``.

    Raises:
        ValueError: the config names no stages, or two with one name.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        earlier = load_config(args).get('earlier_stages')
        if not earlier:
            raise ValueError(f'{args.config} has no `earlier_stages`, a list of the '
                             'configs to train before it')
        self.args = args
        paths = {Path(path).stem: path for path in [*earlier, args.config]}
        if len(paths) <= len(earlier):
            raise ValueError(f'{args.config}: two stages have one name')
        self.paths = paths
        self.steps = StepFolders(Path(args.work_dir or 'work_dirs'), list(paths),
                                 shared=True)

    def config(self, name: str) -> Config:
        """Return the config of a stage, with the options of the command line."""
        args = argparse.Namespace(**{**vars(self.args), 'config': self.paths[name],
                                     'work_dir': str(self.steps.folder(name))})
        return load_config(args)

    def start(self, name: str) -> Optional[str]:
        """Return the weights that a stage begins with; the first: those it names."""
        index = self.steps.names.index(name)
        if not index:
            return self.config(name).get('load_from')
        before = self.steps.folder(self.steps.names[index - 1])
        return HANDED_ON[self.args.hand_on](before)

    def check(self, names: list[str]) -> None:
        """Look for all files of stages, before the first of them takes days.

        Raises:
            FileNotFoundError: something is missing.
        """
        for name in names:
            if self.steps.is_done(name):
                continue
            check_files(self.config(name), ['train_dataloader', 'val_dataloader'],
                        pretrained=True)

    def train(self, name: str) -> None:
        """Train a stage, or resume it, unless it is done."""
        self.steps.perform(name, lambda folder: self._train(name, folder))

    def _train(self, name: str, folder: Path) -> None:
        cfg, start = self.config(name), self.start(name)
        check_settings(folder, dict(
            config=self.paths[name], options=self.args.cfg_options,
            start=start and '/'.join(Path(start).parts[-2:])))
        cfg = training_in(cfg, folder, start)
        guard_training_data(cfg)
        build_runner(cfg).train()
