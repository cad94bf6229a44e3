"""Multi-task SiRi, RefCOCO+. Four GPUs. Expected: see configs/siri/README.md.

python tools/siri.py configs/siri/siri_mt_refcoco_plus.py
python tools/train.py configs/siri/siri_mt_refcoco_plus.py
"""
_base_ = [
    '../_base_/models/siri_r101.py', '../_base_/datasets/refcoco_plus_unc.py',
    '../_base_/schedules/siri_30e.py', '../_base_/default_runtime.py'
]
model = dict(head=dict(num_decoders=2))
val_evaluator = [dict(type='BoxAccuracy'), dict(type='BoxRecall')]
test_evaluator = val_evaluator
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
