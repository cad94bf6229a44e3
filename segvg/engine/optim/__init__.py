"""Parameter groups with names, and learning rates that differ between them."""
from segvg.engine.optim.decay_groups import DecayGroupsConstructor
from segvg.engine.optim.group_schedule import GroupSchedule
from segvg.engine.optim.layer_decay import LayerDecayConstructor
from segvg.engine.optim.merged_groups import MergedGroupsConstructor
from segvg.engine.optim.named_groups import NamedGroupsConstructor
from segvg.engine.optim.optim_wrapper import PrecisionOptimWrapper
from segvg.engine.optim.warmup_schedule import WarmupSchedule

__all__ = [
    'DecayGroupsConstructor', 'GroupSchedule', 'LayerDecayConstructor',
    'MergedGroupsConstructor', 'NamedGroupsConstructor', 'PrecisionOptimWrapper',
    'WarmupSchedule'
]
