"""SegVG, tiny, by selective retraining: three rounds, alignment and fusion are kept.

python tools/siri.py configs/segvg/segvg_tiny_rounds_synthref_l0.py
python tools/train.py configs/segvg/segvg_tiny_rounds_synthref_l0.py
"""
_base_ = './segvg_tiny_synthref_l0.py'
retraining = dict(rounds=3, keep=['alignment', 'fusion.layers'])
