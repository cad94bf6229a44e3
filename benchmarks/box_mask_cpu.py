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
# The small SiRi also learns annotated masks, which would hide what boxes alone give.
__boxes = {'model.head.mask_branch': None, 'model.head.loss_mask': None}
__methods = [('TransVG', 'transvg/transvg_tiny', {}),
             ('RefTR', 'reftr/reftr_tiny', {}),
             ('SiRi', 'siri/siri_tiny', __boxes),
             ('SeqTR', 'seqtr/seqtr_tiny_det', {})]
entries = []
for __name, __path, __options in __methods:
    for __word, __suffix in (('', ''), (' + box as mask', '_box_mask')):
        __config = f'configs/{__path}{__suffix}_synthref_'
        entries.append(dict(
            name=f'{__name}{__word}, L0',
            config=f'{__config}l0.py',
            options=__options))
        entries.append(dict(
            name=f'{__name}{__word}, L1',
            config=f'{__config}l1.py',
            starts_from=f'{__name}{__word}, L0',
            epochs=3,
            options={**__l1, **__options}))
