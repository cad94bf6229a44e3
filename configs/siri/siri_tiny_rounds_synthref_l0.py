"""SiRi, tiny, by selective retraining: three rounds that keep the joint encoder.

python tools/siri.py configs/siri/siri_tiny_rounds_synthref_l0.py
python tools/train.py configs/siri/siri_tiny_rounds_synthref_l0.py
"""
_base_ = './siri_tiny_synthref_l0.py'
retraining = dict(rounds=3, keep=['fusion.layers'])
