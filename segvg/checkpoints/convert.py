"""Published checkpoints renamed to ours, every key accounted for."""
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Union

from torch import Tensor

from segvg.checkpoints.io import load_checkpoint, state_dict_of
from segvg.checkpoints.rules import RULES, Drop, Rule
from segvg.utils.errors import InputError


@dataclass
class ConversionReport:
    """What became of every key of a published checkpoint."""
    renamed: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)

    def raise_unplaced(self, method: str) -> None:
        """Raise ValueError when a key has no rule."""
        if self.unplaced:
            shown = ', '.join(self.unplaced[:5])
            raise ValueError(
                f'{len(self.unplaced)} of the keys are not known to be of a published '
                f'{method} checkpoint, the first are: {shown}')


def rename_key(key: str, rules: list[Rule]) -> Optional[str | Drop]:
    """Return the new name of a key, a ``Drop``, or None when no rule knows it.

    A rule is a pattern that has to match the whole key and a replacement with groups.
    """
    for pattern, target in rules:
        match = re.fullmatch(pattern, key)
        if match:
            return target if isinstance(target, Drop) else match.expand(target)
    return None


def convert_state_dict(
        state: dict[str, Tensor],
        rules: list[Rule]) -> tuple[dict[str, Tensor], ConversionReport]:
    """Rename published weights by rules and report every key.

    Raises:
        ValueError: two keys lead to one name.
    """
    report = ConversionReport()
    converted: dict[str, Tensor] = {}
    for key, value in state.items():
        target = rename_key(key, rules)
        if target is None:
            report.unplaced.append(key)
        elif isinstance(target, Drop):
            report.dropped[key] = target.reason
        elif target in converted:
            raise ValueError(f'two keys lead to {target!r}, the second is {key!r}')
        else:
            converted[target] = value
            report.renamed[key] = target
    return converted, report


def convert_file(path: Union[str, Path], method: str, *, average: bool = False
                 ) -> tuple[dict[str, Tensor], ConversionReport]:
    """Return the weights of a published checkpoint under our names, and the report.

    Args:
        path: the published file.
        method: name of its rules, see ``segvg.checkpoints.rules``.
        average: whether to take the averaged weights in the file.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: it cannot be read safely, lacks averaged weights, has a key that no
            rule knows, or has no weights of the method.
    """
    checkpoint = load_checkpoint(path)
    if average:
        if not isinstance(checkpoint, dict) or 'ema_state_dict' not in checkpoint:
            raise InputError(f'{path} has no averaged weights (ema_state_dict)')
        checkpoint = checkpoint['ema_state_dict']
    converted, report = convert_state_dict(state_dict_of(checkpoint), RULES[method])
    try:
        report.raise_unplaced(method)
    except ValueError as error:
        raise InputError(f'{path}: {error}') from None
    if not converted:
        raise InputError(f'{path} has no weights of a published {method} model')
    return converted, report
