"""Box as a mask: four methods with and without SegVG's second task, on two CPU cores.

Five seeds on SynthRef L0 from random weights, then on L1 from those of L0. With and
without, a method sees the same images as often, in the same order.

python tools/run_benchmark.py benchmarks/box_mask_cpu.py --jobs 2
"""
name = 'box_mask_cpu'
seeds = [0, 1, 2, 3, 4]
splits = ['val']
scores = ['rec/acc@0.5', 'rec/mIoU']
epochs = 8
options = {
    'param_scheduler.1.type': 'PolyLR',
    'param_scheduler.1.power': 0.5,
    'train_cfg.val_interval': 100
}
threads = 1
data = [
    'tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0',
    'tools/make_synthref.py --level L1 --seed 0 --out data/synthref_l1_small '
    '--sizes train=2000,val=500,testA=500,testB=0'
]
__l1 = {
    'train_dataloader.dataset.data_root': 'data/synthref_l1_small/',
    'val_dataloader.dataset.data_root': 'data/synthref_l1_small/',
    'test_dataloader.dataset.data_root': 'data/synthref_l1_small/'
}
# SiRi without its masks: annotated ones would hide what boxes alone give.
__methods = [('TransVG', 'transvg/transvg_tiny', 'transvg/transvg_tiny_box_mask'),
             ('RefTR', 'reftr/reftr_tiny', 'reftr/reftr_tiny_box_mask'),
             ('SiRi', 'siri/siri_tiny_boxes', 'siri/siri_tiny_box_mask'),
             ('SeqTR', 'seqtr/seqtr_tiny_det', 'seqtr/seqtr_tiny_det_box_mask')]
entries = []
for __name, __without, __with in __methods:
    for __word, __config in (('', __without), (' + box as mask', __with)):
        entries.append(dict(
            name=f'{__name}{__word}, L0',
            config=f'configs/{__config}_synthref_l0.py'))
        entries.append(dict(
            name=f'{__name}{__word}, L1',
            config=f'configs/{__config}_synthref_l1.py',
            starts_from=f'{__name}{__word}, L0',
            epochs=3,
            options=__l1))
