"""Checkpoints: read safely, renamed from published code, every key accounted for."""
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import torch
from torch import Tensor, nn

from segvg.checkpoints.rules import RULES, Drop, Rule

__all__ = [
    'RULES', 'ConversionReport', 'Drop', 'Rule', 'convert_state_dict',
    'load_checkpoint', 'load_strictly', 'rename_key', 'state_dict_of', 'use_safe_loader'
]


def load_checkpoint(path: str, map_location: Any = 'cpu') -> Any:
    """Read a checkpoint without running anything that is in it.

    Beside tensors and plain containers only the classes that mmengine writes into its
    own checkpoints and ``argparse.Namespace`` are admitted.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file needs a class that is not admitted or is no checkpoint.
    """
    import argparse

    from mmengine.runner.checkpoint import get_torch_safe_globals
    if not Path(path).is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    admitted = [*get_torch_safe_globals(), argparse.Namespace]
    try:
        with torch.serialization.safe_globals(admitted):
            return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f'{path} cannot be read as a checkpoint without running code '
                         f'that is in it: {reason}') from error


def use_safe_loader() -> None:
    """Make mmengine read local checkpoints by ``load_checkpoint``.

    Its own reader falls back to free unpickling when the safe one refuses a file.
    """
    from mmengine.runner.checkpoint import CheckpointLoader
    CheckpointLoader.register_scheme(prefixes='', loader=load_checkpoint, force=True)


def state_dict_of(checkpoint: Any) -> dict[str, Tensor]:
    """Return the weights of a checkpoint in any of the usual containers.

    Where MDETR and SiRi put an average beside the weights, the average counts: it is
    what their authors score. Without one the entry is None.
    """
    for key in ('state_dict', 'model_ema', 'model', 'model_state_dict'):
        if isinstance(checkpoint, dict) and isinstance(checkpoint.get(key), dict):
            checkpoint = checkpoint[key]
            break
    if not isinstance(checkpoint, dict) or not checkpoint or not all(
            isinstance(value, Tensor) for value in checkpoint.values()):
        raise ValueError('a checkpoint is a dict of tensors, or has one under '
                         "'state_dict' or 'model'; this file has neither")
    return {re.sub(r'^module\.', '', key): value for key, value in checkpoint.items()}


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

    Two rules may lead several keys to one name only when their values are equal.
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


def load_strictly(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Load weights into a module that must take all of them and lack none.

    Counters of batch normalisation may be missing: frozen statistics have none.

    Raises:
        ValueError: keys are missing, unknown or of another shape.
    """
    own = module.state_dict()
    missing = [key for key in own if key not in state
               and not key.endswith('num_batches_tracked')]
    unknown = [key for key in state if key not in own]
    wrong = [f'{key} {tuple(state[key].shape)} for {tuple(own[key].shape)}'
             for key in state if key in own and state[key].shape != own[key].shape]
    problems = [(missing, 'missing'), (unknown, 'unknown'), (wrong, 'of another shape')]
    told = '; '.join(f'{len(keys)} {word} ({", ".join(keys[:3])}'
                     f'{", ..." if len(keys) > 3 else ""})'
                     for keys, word in problems if keys)
    if told:
        raise ValueError(f'{source} does not hold the weights of this '
                         f'{type(module).__name__}: {told}')
    module.load_state_dict(state, strict=False)
