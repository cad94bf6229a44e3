"""Training by sentence and by image, the same number of sentences, on two CPU cores.

A batch has 64 sentences of different images, or all sentences of 22 images; SynthRef L0
has three an image. An epoch shows every sentence once either way.

python tools/run_benchmark.py benchmarks/by_image_cpu.py --jobs 2
"""
name = 'by_image_cpu'
seeds = [0, 1]
splits = ['val']
scores = ['rec/acc@0.5', 'rec/mIoU']
options = {'train_cfg.val_interval': 100}
threads = 1
data = ['tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0']
__by_image = {
    'train_dataloader.dataset.sample_by': 'image',
    'train_dataloader.batch_size': 22
}
entries = []
for __epochs in (7, 14):
    for __word, __options in (('sentence', {}), ('image', __by_image)):
        entries.append(dict(
            name=f'SegVG by {__word}, {__epochs} epochs',
            config='configs/segvg/segvg_tiny_synthref_l0.py',
            epochs=__epochs,
            options=__options))
