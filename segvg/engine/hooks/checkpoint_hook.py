"""Checkpoints: wherever a training is stopped, one is always complete."""
import os
from collections import deque
from pathlib import Path
from typing import Any, Optional

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from segvg.engine.resume import LAST
from segvg.registry import HOOKS
from segvg.utils.files import write_whole


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, which removes old files after writing new ones.

    If the disk is full, the previous checkpoint still exists. ``last_checkpoint`` is
    written in one step. If a training is resumed in a folder that was moved, the best
    checkpoint is searched for in the new place. Without a ``rule`` a higher score is
    better, except for losses; mmengine fails on names that it does not know, such as
    ``gres/gIoU``, which ``save_best='auto'`` may choose.
    """

    def _init_rule(self, rules: list[Optional[str]],
                   key_indicators: list[str]) -> None:
        """Set the rule of every score, given or not."""
        if len(rules) == 1:
            rules = rules * len(key_indicators)
        super()._init_rule([
            rule if rule or key == 'auto' else 'less' if 'loss' in key else 'greater'
            for rule, key in zip(rules, key_indicators, strict=True)], key_indicators)

    def before_train(self, runner: Runner) -> None:
        """Look for files in the folder as it is called now."""
        super().before_train(runner)
        for key, name in self._best_names().items():
            path = self._best(key)
            if path:
                path = os.path.join(self.out_dir, os.path.basename(path))
                self._set_best(key, path)
                runner.message_hub.update_info(name, path)

    def _best_names(self) -> dict[str, str]:
        """Return for each score the name of its best checkpoint in the message hub."""
        keys = self.key_indicators if self.save_best else []
        if len(keys) == 1:
            return {keys[0]: 'best_ckpt'}
        return {key: f'best_ckpt_{key}' for key in keys}

    def _best(self, key: str) -> Optional[str]:
        """Return the path of the best checkpoint by a score."""
        if len(self.key_indicators) == 1:
            return self.best_ckpt_path
        return self.best_ckpt_path_dict.get(key)

    def _set_best(self, key: str, path: Optional[str]) -> None:
        """Set the path of the best checkpoint by a score."""
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[key] = path

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        """Save the best checkpoint, then remove the one before.

        The base class removes first. It does not know of the one before here.
        """
        before = {key: self._best(key) for key in self._best_names()}
        for key in before:
            self._set_best(key, None)
        super()._save_best_checkpoint(runner, metrics)
        for key, path in before.items():
            now = self._best(key)
            if now is None:
                self._set_best(key, path)
            elif path and path != now and is_main_process():
                self._remove(path)

    def _save_checkpoint_with_step(self, runner: Runner, step: int,
                                   meta: dict[str, Any]) -> None:
        """Save a checkpoint, note it as the last one, then remove the oldest."""
        old = []
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            steps = [*self.keep_ckpt_ids, step]
            # With the one that is about to be removed: a resumed run does it.
            runner.message_hub.update_info('keep_ckpt_ids', steps)
            old, kept = steps[:-self.max_keep_ckpts], steps[-self.max_keep_ckpts:]
            self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = os.path.join(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir, name, self.file_client_args, meta=meta,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler, by_epoch=self.by_epoch,
            backend_args=self.backend_args, **self.args)
        if is_main_process():
            write_whole(Path(runner.work_dir, LAST), self.last_ckpt)
            for number in old:
                self._remove(os.path.join(
                    self.out_dir, self.filename_tmpl.format(number)))

    def _remove(self, path: str) -> None:
        """Remove a checkpoint, a file or a folder, if it is there."""
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):
            self.file_backend.rmtree(path)
