"""ReLA, Swin-B, R-RefCOCO+. Eight GPUs. Expected: see configs/rela/README.md.

python tools/test.py configs/rela/rela_swin_b_rrefcoco_plus.py CHECKPOINT
python tools/train.py configs/rela/rela_swin_b_rrefcoco_plus.py
"""
_base_ = [
    '../_base_/models/rela_swin_b.py', '../_base_/datasets/rrefcoco_plus.py',
    '../_base_/schedules/rela_150k.py', '../_base_/iteration_runtime.py'
]
train_dataloader = dict(batch_size=6, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
