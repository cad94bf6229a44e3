"""Says at the start what the vocabulary and the flips do to the sentences."""
import logging

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from segvg.datasets.text_report import text_reports
from segvg.registry import HOOKS


@HOOKS.register_module()
class TextReportHook(Hook):
    """Logs the shares of unknown words and cut sentences of training and validation.

    Warns when they are large, and when images are flipped whose sentences are in a
    language for which the flip has no words for left and right.

    Args:
        limit: number of samples of each data set to look at.
    """

    def __init__(self, limit: int = 2000) -> None:
        self.limit = limit

    def before_train(self, runner: Runner) -> None:
        """Report on the data of training and of validation."""
        if not is_main_process():
            return
        loops = [runner.train_loop]
        if runner.val_loop is not None:
            loops.append(runner.val_loop)
        for loop in loops:
            for name, report in text_reports(loop.dataloader.dataset, self.limit):
                warnings = list(report.warnings())
                print_log(f'{name}: {report.describe()}', logger='current')
                for warning in warnings:
                    print_log(f'{name}: {warning}', logger='current',
                              level=logging.WARNING)
