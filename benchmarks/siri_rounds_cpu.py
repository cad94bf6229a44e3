"""SiRi's rounds and their controls on SynthRef L0, three seeds, on CPU cores.

Every entry has 24 epochs in all: three rounds of eight epochs, or one training of 24.
A seed step of 100 keeps the rounds of one seed apart from those of the others. Time of
training and seed in the table are those of the last round.

python tools/run_benchmark.py benchmarks/siri_rounds_cpu.py --jobs 2
"""
name = 'siri_rounds_cpu'
seeds = [0, 1, 2]
splits = ['val', 'testA']
scores = ['rec/acc@0.5', 'rec/mIoU', 'res/mIoU']
epochs = 8
options = {
    'train_cfg.val_interval': 8,
    'retraining.rounds': 3,
    'retraining.seed_step': 100
}
threads = 1
data = ['tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0']
__rounds = dict(
    config='configs/siri/siri_tiny_rounds_synthref_l0.py',
    command='tools/siri.py',
    checkpoint='round_*/last_checkpoint')
entries = [
    dict(__rounds, name='keep the encoder'),
    dict(__rounds, name='keep all', options={'retraining.keep': 'all'}),
    dict(__rounds, name='keep nothing', options={'retraining.keep': 'nothing'}),
    dict(
        __rounds,
        name='one long run',
        checkpoint='one_run/last_checkpoint',
        options={'retraining.one_run': True})
]
