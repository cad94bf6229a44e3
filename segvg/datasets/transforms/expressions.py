"""Expressions and the instances that they name; one expression is picked."""
from typing import Collection, Sequence

import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS

#: Arrays of the results with one entry for each instance.
INSTANCE_KEYS = ('gt_bboxes', 'image_bboxes', 'gt_masks', 'target_masks',
                 'target_contours')


def used_instances(expression: dict) -> list[int]:
    """Return the instances that an expression or one of its phrases names, in order."""
    named = list(expression['targets'])
    for phrase in expression.get('phrases') or []:
        named += phrase['targets']
    return list(dict.fromkeys(named))


def named_instances(results: dict) -> set[int]:
    """Return the instances that at least one expression of ``results`` names."""
    return {index for expression in results['expressions']
            for index in used_instances(expression)}


def renumber(expression: dict, instances: Sequence[int]) -> dict:
    """Return the expression with targets counted within ``instances``."""
    new_index = {instance: new for new, instance in enumerate(instances)}
    new = dict(expression, targets=[new_index[old] for old in expression['targets']])
    if expression.get('phrases') is not None:
        new['phrases'] = [renumber(phrase, instances)
                          for phrase in expression['phrases']]
    return new


def keep_targets(expression: dict, kept: Collection[int]) -> dict:
    """Return an expression (or phrase) with only those targets that were kept."""
    new = dict(expression, targets=[index for index in expression['targets']
                                    if index in kept])
    if expression.get('phrases') is not None:
        new['phrases'] = [keep_targets(phrase, kept)
                          for phrase in expression['phrases']]
    return new


@TRANSFORMS.register_module()
class PickExpression(Transform):
    """Keep one of the expressions, and the instances that it names.

    Args:
        mode: ``'random'`` (another one at every visit) or ``'first'``.
    """
    MODES = ('random', 'first')
    leaves_image = True

    def __init__(self, mode: str = 'random') -> None:
        if mode not in self.MODES:
            raise ValueError(f'mode is one of {self.MODES}, not {mode!r}')
        self.mode = mode

    def transform(self, results: dict) -> dict:
        """Reduce ``results`` to one expression."""
        expressions = results['expressions']
        if not expressions:
            raise ValueError(f'{results.get("img_path")} (sample '
                             f'{results.get("sample_idx")}) has no expression to pick')
        index = np.random.randint(len(expressions)) if self.mode == 'random' else 0
        kept = used_instances(expressions[index])
        results['expressions'] = [renumber(expressions[index], kept)]
        results['instances'] = [results['instances'][instance] for instance in kept]
        for key in INSTANCE_KEYS:
            if key in results:
                results[key] = results[key][np.array(kept, dtype=np.int64)]
        return results
