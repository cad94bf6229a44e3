"""All methods on RefCOCO, RefCOCO+ and RefCOCOg on one GPU, weeks.

python tools/run_benchmark.py benchmarks/refcoco_1gpu.py
"""
_base_ = './refcoco_8gpu.py'
name = 'refcoco_1gpu'
gpus = 1
# rates of the published batch sizes, scaled to those of one GPU
options = {'auto_scale_lr.enable': True}
