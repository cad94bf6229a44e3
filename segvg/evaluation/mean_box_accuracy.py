"""Accuracy of boxes on several data sets, each of which counts the same."""
from collections import Counter

from segvg.evaluation.base import Terms
from segvg.evaluation.box_accuracy import BoxAccuracy
from segvg.registry import METRICS


@METRICS.register_module()
class MeanBoxAccuracy(BoxAccuracy):
    """The mean over data sets of the scores of ``BoxAccuracy``.

    With one data set it is those scores.

    Source: Zhu et al., "SeqTR", ECCV 2022, validation of the pre-training.
    """
    default_prefix = 'rec_mean'

    def terms(self, results: list[float]) -> Terms:
        """Return those of the scores: an expression weighs 1 / those of its set."""
        sizes = Counter(key[:2] for key in self.keys)
        weights = [[1 / sizes[key[:2]]] for key in self.keys]
        return {name: values * weights
                for name, values in super().terms(results).items()}
