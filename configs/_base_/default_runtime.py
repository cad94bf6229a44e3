"""Scope, hooks, environment and logging; no method and no data."""
default_scope = 'segvg'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='WholeCheckpointHook', interval=1, max_keep_ckpts=2,
        save_best='rec/acc@0.5', rule='greater'),
    # plain checkpoints are saved, and those of which nothing fits are refused
    checkpoint_guard=dict(type='CheckpointGuardHook'),
    enough_samples=dict(type='EnoughSamplesHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # a training that was stopped and resumed ends as one that was not
    step_seed=dict(type='StepSeedHook'),
    validate_again=dict(type='ValidateAgainHook'),
    provenance=dict(type='ProvenanceHook'),
    cost=dict(type='TrainingCostHook'),
    text_report=dict(type='TextReportHook'),
    visualization=dict(type='GroundingVisualizationHook'))

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='GroundingVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)

log_level = 'INFO'
load_from = None
# images of the evaluation are left out of training, whatever file they stand in
exclude_protected = True
resume = False
randomness = dict(seed=42)
