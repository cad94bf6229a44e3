"""SeqTR, tiny, boxes on SynthRef L1. Two CPU cores, minutes.

python tools/train.py configs/seqtr/seqtr_tiny_det_synthref_l1.py
"""
_base_ = [
    '../_base_/models/seqtr_tiny.py', '../_base_/datasets/synthref_l1.py',
    '../_base_/schedules/seqtr_cpu_demo.py', '../_base_/default_runtime.py'
]
# A sample is an image with its three expressions: the image is encoded once for all.
train_dataloader = dict(
    batch_size=24,
    dataset=dict(pipeline=_base_.train_pipeline, sample_by='image'))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
