"""Partial-RES, tiny, on SynthRef L0 with 5 % of the masks. Two CPU cores, minutes.

All steps: python tools/partial_res.py configs/partial_res/partial_res_tiny_synthref_l0.py
Contours alone: python tools/train.py configs/partial_res/partial_res_tiny_synthref_l0.py
"""
_base_ = [
    '../_base_/models/partial_res_tiny.py', '../_base_/datasets/synthref_l0.py',
    '../_base_/schedules/seqtr_cpu_demo.py', '../_base_/default_runtime.py'
]
# Objects have ten pixels and a contour loses one: 0.1, as published, would keep few.
# A twentieth of the masks makes an epoch of 13 steps.
partial_res = dict(
    rec_config='configs/seqtr/seqtr_tiny_det_synthref_l0.py', percent=5, seed=0,
    threshold=0.3, res_epochs=60)
# A sample is an image with its expressions: the image is encoded once for all.
train_dataloader = dict(
    batch_size=24, dataset=dict(pipeline=_base_.train_pipeline, sample_by='image'))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='MaskIoU'), dict(type='SeqTRMaskIoU')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='res/mIoU'))
