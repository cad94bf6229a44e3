"""What metrics of generalized grounding share: a rule for the answer, a threshold."""
from abc import abstractmethod
from typing import Any, Iterator, Optional, Sequence

from segvg.evaluation.base import GroundingMetric
from segvg.registry import METRICS
from segvg.structures.answers import AnswerRule


class GeneralizedMetric(GroundingMetric):
    """Base of metrics over expressions with many targets, one or none.

    Args:
        rule: which predictions count and when the answer is "none".
        **kwargs: of ``GroundingMetric``.

    Attributes:
        parameter: name of the argument that decides about "none".
        headline: name of the score that sums up the others.
    """
    parameter: str = 'no_target_threshold'
    headline: str

    def __init__(self, rule: AnswerRule, **kwargs) -> None:
        super().__init__(**kwargs)
        self.rule = rule

    @property
    def threshold(self) -> Optional[float]:
        """The value of the parameter."""
        return getattr(self.rule, self.parameter)

    @abstractmethod
    def sweep(self, results: Sequence[Any],
              thresholds: Sequence[float]) -> list[dict[str, float]]:
        """Return the scores that other values of the parameter would give.

        Args:
            results: of ``score``, one an expression.
            thresholds: the values. Scores that do not depend on them may be left out.
        """


def generalized_configs(evaluator: Any) -> Iterator[dict]:
    """Yield the configs of generalized metrics in an evaluator's config, in order."""
    for part in [evaluator] if isinstance(evaluator, dict) else evaluator or ():
        kind = METRICS.get(part['type']) if isinstance(part['type'], str) else None
        if isinstance(kind, type) and issubclass(kind, GeneralizedMetric):
            yield part


def answer_rule(evaluator: Any) -> Optional[AnswerRule]:
    """Return the rule of the first generalized metric in an evaluator's config.

    None where there is none: every expression then has its one best answer.
    """
    for part in generalized_configs(evaluator):
        return METRICS.build(part).rule
    return None
