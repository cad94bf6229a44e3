"""MDETR, tiny, captions with several phrases, SynthRef L0. Two CPU cores, minutes.

Expected: see configs/siri/README.md.

python tools/train.py configs/siri/mdetr_tiny_captions_synthref_l0.py
"""
_base_ = [
    '../_base_/models/mdetr_tiny.py', '../_base_/datasets/synthref_l0_captions.py',
    '../_base_/schedules/siri_cpu_demo.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
# Recall by both protocols: any box of a phrase, and the box around all of them.
val_evaluator = [
    dict(type='PhraseRecall', topk=[1, 5], protocol='any_box', by_type=True),
    dict(type='PhraseRecall', topk=[1, 5], protocol='merged_box')
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='phrase/R@1'))
train_cfg = dict(max_epochs=24, val_interval=4)
