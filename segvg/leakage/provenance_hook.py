"""Write into every checkpoint what it was trained on."""
import logging
from typing import Optional

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from segvg.leakage.guard import record_training
from segvg.leakage.provenance import checked_record
from segvg.registry import HOOKS


@HOOKS.register_module()
class ProvenanceHook(Hook):
    """Put the record of the training data into ``meta['provenance']`` of checkpoints.

    ``tools/test.py`` prints its verdict beside the scores. The record of the weights
    that a run starts from is kept in it, so that the whole chain of trainings is known.
    """

    def __init__(self) -> None:
        self._loaded: Optional[dict] = None
        self._record: Optional[dict] = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the record of the checkpoint with which training starts."""
        self._loaded = checked_record((checkpoint.get('meta') or {}).get('provenance'),
                                      'the checkpoint')

    def before_train(self, runner: Runner) -> None:
        """Compare the training data with the evaluation, once."""
        if not is_main_process():
            return
        record = record_training(runner.cfg, self._loaded)
        if self._loaded and self._loaded['trained_on'] == record['trained_on']:
            record = self._loaded  # a run that is resumed
        self._record = record
        for name, overlap in record['overlaps'].items():
            if overlap['leaked']:
                print_log(f'{overlap["leaked"]} of {overlap["of"]} images of {name} '
                          'are trained on', logger='current', level=logging.WARNING)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the record."""
        if self._record is not None:
            checkpoint.setdefault('meta', {})['provenance'] = self._record
