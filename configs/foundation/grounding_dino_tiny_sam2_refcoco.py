"""Grounding DINO, Swin-T, with masks of SAM 2; RefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/grounding_dino_tiny_sam2_refcoco.py \\
    IDEA-Research/grounding-dino-tiny
"""
_base_ = [
    '../_base_/models/grounding_dino_tiny.py', '../_base_/datasets/scored_refcoco_unc.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
model = dict(
    max_boxes=10,
    mask_refiner=dict(
        type='Sam2Refiner', name='facebook/sam2.1-hiera-small'))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_evaluator = [dict(type='BoxAccuracy'), dict(type='MaskIoU')]
