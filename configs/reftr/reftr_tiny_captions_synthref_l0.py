"""RefTR, tiny, captions with several phrases, SynthRef L0. Two CPU cores, minutes.

Expected: see configs/reftr/README.md. Starts from the model of single expressions;
both in one: python tools/train_stages.py configs/reftr/reftr_tiny_captions_synthref_l0.py

python tools/train.py configs/reftr/reftr_tiny_captions_synthref_l0.py
"""
_base_ = [
    '../_base_/models/reftr_captions_tiny.py',
    '../_base_/datasets/synthref_l0_captions.py',
    '../_base_/schedules/reftr_cpu_demo.py', '../_base_/default_runtime.py'
]
earlier_stages = ['configs/reftr/reftr_res_tiny_synthref_l0.py']
load_from = 'work_dirs/reftr_res_tiny_synthref_l0/epoch_24.pth'
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='phrase/R@1'))
