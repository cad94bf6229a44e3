"""Multi-task SiRi, tiny, SynthRef L1. Two CPU cores.

Expected: see configs/siri/README.md.

python tools/train.py configs/siri/siri_mt_tiny_synthref_l1.py
"""
_base_ = './siri_tiny_synthref_l1.py'
model = dict(head=dict(num_decoders=2))
