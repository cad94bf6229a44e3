"""SiRi, tiny, SynthRef L1, by selective retraining: three short rounds.

python tools/siri.py configs/siri/siri_tiny_rounds_synthref_l1.py
python tools/train.py configs/siri/siri_tiny_rounds_synthref_l1.py
"""
_base_ = './siri_tiny_synthref_l1.py'
train_cfg = dict(max_epochs=4)
retraining = dict(rounds=3, keep=['fusion.layers'])
