"""Hooks of the runner."""
from segvg.engine.hooks.average_hook import AverageHook
from segvg.engine.hooks.checkpoint_guard_hook import CheckpointGuardHook
from segvg.engine.hooks.enough_samples_hook import EnoughSamplesHook
from segvg.engine.hooks.epoch_seed_hook import EpochSeedHook
from segvg.engine.hooks.freeze_hook import FreezeHook
from segvg.engine.hooks.initial_average_hook import InitialAverageHook
from segvg.engine.hooks.selective_load_hook import SelectiveLoadHook
from segvg.engine.hooks.text_report_hook import TextReportHook
from segvg.engine.hooks.training_cost_hook import TrainingCostHook
from segvg.engine.hooks.validate_again_hook import ValidateAgainHook
from segvg.engine.hooks.visualization_hook import GroundingVisualizationHook

__all__ = [
    'AverageHook', 'CheckpointGuardHook', 'EnoughSamplesHook', 'EpochSeedHook',
    'FreezeHook', 'GroundingVisualizationHook', 'InitialAverageHook',
    'SelectiveLoadHook', 'TextReportHook', 'TrainingCostHook', 'ValidateAgainHook'
]
