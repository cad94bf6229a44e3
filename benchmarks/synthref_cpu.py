"""All methods on SynthRef L0 and L1, two CPU cores, hours.

On L0 every method trains from random weights. On L1 it starts from those of L0, seed
by seed: SeqTR finds 20 % of the boxes of L1 after twenty epochs from random weights,
and 74 % after six epochs from those of L0.

python tools/run_benchmark.py benchmarks/synthref_cpu.py --jobs 2
"""
name = 'synthref_cpu'
seeds = [0, 1]
splits = ['val', 'testA']
scores = [
    'rec/acc@0.5', 'rec/mIoU', 'res/mIoU', 'res/oIoU', 'gres/gIoU', 'gres/N-acc',
    'gres/T-acc'
]
# Every method sees the training images as often, by one schedule; Partial-RES starts
# from SeqTR's boxes. A rate that stays high lets small models learn to read sooner.
epochs = 16
options = {
    'param_scheduler.1.type': 'PolyLR',
    'param_scheduler.1.power': 0.5,
    'train_cfg.val_interval': 16
}
threads = 1
data = [
    'tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0',
    'tools/make_synthref.py --level L1 --seed 0 --out data/synthref_l1_small '
    '--sizes train=2000,val=500,testA=500,testB=0'
]
# The whole of L1 has five times as many images.
__l1 = {
    'train_dataloader.dataset.data_root': 'data/synthref_l1_small/',
    'val_dataloader.dataset.data_root': 'data/synthref_l1_small/',
    'test_dataloader.dataset.data_root': 'data/synthref_l1_small/'
}
entries = [
    dict(
        name='SegVG, L0',
        config='configs/segvg/segvg_tiny_synthref_l0.py',
        options={
            'train_dataloader.batch_size': 24,
            'train_dataloader.dataset.sample_by': 'image'
        }),
    dict(name='TransVG, L0', config='configs/transvg/transvg_tiny_synthref_l0.py'),
    dict(name='SiRi K = 1, L0', config='configs/siri/siri_tiny_synthref_l0.py'),
    dict(name='SiRi K = 2, L0', config='configs/siri/siri_mt_tiny_synthref_l0.py'),
    dict(name='SeqTR box, L0', config='configs/seqtr/seqtr_tiny_det_synthref_l0.py'),
    dict(name='SeqTR mask, L0', config='configs/seqtr/seqtr_tiny_segm_synthref_l0.py'),
    dict(
        name='Partial-RES 5 %, L0',
        config='configs/partial_res/partial_res_tiny_synthref_l0.py',
        command='tools/partial_res.py',
        checkpoint='5_retrain/last_checkpoint',
        starts_from='SeqTR box, L0'),
    dict(name='RefTR, L0', config='configs/reftr/reftr_res_tiny_synthref_l0.py'),
    dict(
        name='ReLA, L0',
        config='configs/rela/rela_tiny_synthref_l0.py',
        scores=['res/mIoU', 'res/oIoU']),
    dict(
        name='SegVG, L1',
        config='configs/segvg/segvg_tiny_synthref_l1.py',
        starts_from='SegVG, L0',
        epochs=3,
        options=__l1),
    dict(
        name='TransVG, L1',
        config='configs/transvg/transvg_tiny_synthref_l1.py',
        starts_from='TransVG, L0',
        epochs=3,
        options=__l1),
    dict(
        name='SiRi K = 1, L1',
        config='configs/siri/siri_tiny_synthref_l1.py',
        starts_from='SiRi K = 1, L0',
        epochs=3,
        options=__l1),
    dict(
        name='SiRi K = 2, L1',
        config='configs/siri/siri_mt_tiny_synthref_l1.py',
        starts_from='SiRi K = 2, L0',
        epochs=3,
        options=__l1),
    dict(
        name='SeqTR box, L1',
        config='configs/seqtr/seqtr_tiny_det_synthref_l1.py',
        starts_from='SeqTR box, L0',
        epochs=3,
        options=__l1),
    dict(
        name='SeqTR mask, L1',
        config='configs/seqtr/seqtr_tiny_segm_synthref_l1.py',
        starts_from='SeqTR mask, L0',
        epochs=3,
        options=__l1),
    dict(
        name='Partial-RES 5 %, L1',
        config='configs/partial_res/partial_res_tiny_synthref_l1.py',
        command='tools/partial_res.py',
        checkpoint='5_retrain/last_checkpoint',
        starts_from='SeqTR box, L1',
        epochs=3,
        options=__l1),
    dict(
        name='RefTR, L1',
        config='configs/reftr/reftr_res_tiny_synthref_l1.py',
        starts_from='RefTR, L0',
        epochs=3,
        options=__l1),
    dict(
        name='ReLA, L1',
        config='configs/rela/rela_tiny_synthref_l1.py',
        starts_from='ReLA, L0',
        epochs=3,
        options=__l1)
]
