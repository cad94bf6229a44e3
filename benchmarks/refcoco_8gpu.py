"""All methods on RefCOCO, RefCOCO+ and RefCOCOg as published, eight GPUs, days.

data/README.md says where images, annotations and public weights come from.

python tools/run_benchmark.py benchmarks/refcoco_8gpu.py
"""
name = 'refcoco_8gpu'
seeds = [0]
splits = ['val', 'testA', 'testB']
scores = ['rec/acc@0.5', 'rec/mIoU', 'res/mIoU', 'res/oIoU']
gpus = 8
threads = 4
entries = [
    dict(name='SegVG, RefCOCO', config='configs/segvg/segvg_refcoco.py'),
    dict(name='TransVG, RefCOCO', config='configs/transvg/transvg_refcoco.py'),
    dict(
        name='SiRi K = 1, RefCOCO',
        config='configs/siri/siri_refcoco.py',
        command='tools/siri.py',
        checkpoint='round_*/last_checkpoint'),
    dict(
        name='SiRi K = 2, RefCOCO',
        config='configs/siri/siri_mt_refcoco.py',
        command='tools/siri.py',
        checkpoint='round_*/last_checkpoint'),
    dict(name='SeqTR box, RefCOCO', config='configs/seqtr/seqtr_det_refcoco.py'),
    dict(name='SeqTR mask, RefCOCO', config='configs/seqtr/seqtr_segm_refcoco.py'),
    dict(
        name='Partial-RES 5 %, RefCOCO',
        config='configs/partial_res/partial_res_refcoco.py',
        command='tools/partial_res.py',
        checkpoint='5_retrain/last_checkpoint',
        starts_from='SeqTR box, RefCOCO'),
    dict(name='RefTR box, RefCOCO', config='configs/reftr/reftr_r101_refcoco.py'),
    dict(
        name='RefTR mask, RefCOCO',
        config='configs/reftr/reftr_res_r101_refcoco.py',
        starts_from='RefTR box, RefCOCO'),
    dict(name='ReLA, RefCOCO', config='configs/rela/rela_swin_b_refcoco.py'),
    dict(name='SegVG, RefCOCO+', config='configs/segvg/segvg_refcoco_plus.py'),
    dict(name='TransVG, RefCOCO+', config='configs/transvg/transvg_refcoco_plus.py'),
    dict(
        name='SiRi K = 1, RefCOCO+',
        config='configs/siri/siri_refcoco_plus.py',
        command='tools/siri.py',
        checkpoint='round_*/last_checkpoint'),
    dict(
        name='SiRi K = 2, RefCOCO+',
        config='configs/siri/siri_mt_refcoco_plus.py',
        command='tools/siri.py',
        checkpoint='round_*/last_checkpoint'),
    dict(name='SeqTR box, RefCOCO+', config='configs/seqtr/seqtr_det_refcoco_plus.py'),
    dict(
        name='SeqTR mask, RefCOCO+',
        config='configs/seqtr/seqtr_segm_refcoco_plus.py'),
    dict(
        name='Partial-RES 5 %, RefCOCO+',
        config='configs/partial_res/partial_res_refcoco_plus.py',
        command='tools/partial_res.py',
        checkpoint='5_retrain/last_checkpoint',
        starts_from='SeqTR box, RefCOCO+'),
    dict(name='RefTR box, RefCOCO+', config='configs/reftr/reftr_r101_refcoco_plus.py'),
    dict(
        name='RefTR mask, RefCOCO+',
        config='configs/reftr/reftr_res_r101_refcoco_plus.py',
        starts_from='RefTR box, RefCOCO+'),
    dict(name='ReLA, RefCOCO+', config='configs/rela/rela_swin_b_refcoco_plus.py'),
    dict(
        name='SegVG, RefCOCOg (umd)',
        config='configs/segvg/segvg_refcocog_umd.py',
        splits=['val', 'test']),
    dict(
        name='TransVG, RefCOCOg (umd)',
        config='configs/transvg/transvg_refcocog_umd.py',
        splits=['val', 'test']),
    dict(
        name='SiRi K = 1, RefCOCOg (umd)',
        config='configs/siri/siri_refcocog_umd.py',
        command='tools/siri.py',
        checkpoint='round_*/last_checkpoint',
        splits=['val', 'test']),
    dict(
        name='SiRi K = 2, RefCOCOg (umd)',
        config='configs/siri/siri_mt_refcocog_umd.py',
        command='tools/siri.py',
        checkpoint='round_*/last_checkpoint',
        splits=['val', 'test']),
    dict(
        name='SeqTR box, RefCOCOg (umd)',
        config='configs/seqtr/seqtr_det_refcocog_umd.py',
        splits=['val', 'test']),
    dict(
        name='SeqTR mask, RefCOCOg (umd)',
        config='configs/seqtr/seqtr_segm_refcocog_umd.py',
        splits=['val', 'test']),
    dict(
        name='Partial-RES 5 %, RefCOCOg (umd)',
        config='configs/partial_res/partial_res_refcocog_umd.py',
        command='tools/partial_res.py',
        checkpoint='5_retrain/last_checkpoint',
        starts_from='SeqTR box, RefCOCOg (umd)',
        splits=['val', 'test']),
    dict(
        name='RefTR box, RefCOCOg (umd)',
        config='configs/reftr/reftr_r101_refcocog_umd.py',
        splits=['val', 'test']),
    dict(
        name='RefTR mask, RefCOCOg (umd)',
        config='configs/reftr/reftr_res_r101_refcocog_umd.py',
        starts_from='RefTR box, RefCOCOg (umd)',
        splits=['val', 'test']),
    dict(
        name='ReLA, RefCOCOg (umd)',
        config='configs/rela/rela_swin_b_refcocog_umd.py',
        splits=['val', 'test'])
]
