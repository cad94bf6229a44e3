"""RefTR, tiny, boxes and masks after boxes, on SynthRef L0. Two CPU cores, minutes.

Expected: see configs/reftr/README.md.

Both stages: python tools/train_stages.py configs/reftr/reftr_res_staged_tiny_synthref_l0.py
The last: python tools/train.py configs/reftr/reftr_res_staged_tiny_synthref_l0.py
"""
_base_ = './reftr_res_tiny_synthref_l0.py'
earlier_stages = ['configs/reftr/reftr_tiny_synthref_l0.py']
load_from = 'work_dirs/reftr_tiny_synthref_l0/epoch_24.pth'
train_cfg = dict(max_epochs=8)
