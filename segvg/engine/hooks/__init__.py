"""Hooks of the runner."""
from segvg.engine.hooks.average_hook import AverageHook, InitialAverageHook
from segvg.engine.hooks.checkpoint_guard_hook import CheckpointGuardHook
from segvg.engine.hooks.checkpoint_hook import WholeCheckpointHook
from segvg.engine.hooks.early_stopping_hook import EarlyStoppingHook
from segvg.engine.hooks.end_workers_hook import EndWorkersHook
from segvg.engine.hooks.enough_samples_hook import EnoughSamplesHook
from segvg.engine.hooks.feature_cache_hook import FeatureCacheHook
from segvg.engine.hooks.freeze_hook import FreezeHook
from segvg.engine.hooks.gathered_info_hook import GatheredInfoHook
from segvg.engine.hooks.resume_hooks import StepSeedHook, ValidateAgainHook
from segvg.engine.hooks.selective_load_hook import SelectiveLoadHook
from segvg.engine.hooks.text_report_hook import TextReportHook
from segvg.engine.hooks.training_cost_hook import TrainingCostHook
from segvg.engine.hooks.visualization_hook import GroundingVisualizationHook

__all__ = [
    'AverageHook', 'CheckpointGuardHook', 'EarlyStoppingHook', 'EndWorkersHook',
    'EnoughSamplesHook', 'FeatureCacheHook', 'FreezeHook', 'GatheredInfoHook',
    'GroundingVisualizationHook', 'InitialAverageHook', 'SelectiveLoadHook',
    'StepSeedHook', 'TextReportHook', 'TrainingCostHook', 'ValidateAgainHook',
    'WholeCheckpointHook'
]
