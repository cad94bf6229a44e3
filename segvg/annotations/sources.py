"""Which command makes which annotation file, for messages and the data guide."""
from pathlib import Path
from typing import Union

REFER = 'python tools/prepare_data.py {format} {source} --out {out}'
RESC = 'python tools/prepare_data.py resc_pth {source} --images {images} --out {out}'

COCO, SAIAPR = 'data/coco/train2014', 'data/referit/images'
FLICKR = 'data/flickr30k/images'


def _refer(format_name: str, source: str, *names: str) -> dict[str, tuple]:
    return {name: (REFER, dict(format=format_name, source=source)) for name in names}


def _resc(folder: str, images: str, name: str) -> dict[str, tuple]:
    return {name: (RESC, dict(source=f'data/resc/{folder}', images=images))}


# name of a canonical data set -> (command, fields of the command)
COMMANDS = {
    **_refer('refer_refcoco', 'data/refer/refcoco', 'refcoco_unc', 'refcoco_google'),
    **_refer('refer_refcoco', 'data/refer/refcoco+', 'refcoco_plus_unc'),
    **_refer('refer_refcocog', 'data/refer/refcocog', 'refcocog_umd',
             'refcocog_google'),
    **_refer('refer_refclef', 'data/refer/refclef', 'refclef_unc', 'refclef_berkeley'),
    **_refer('grefcoco', 'data/grefcoco', 'grefcoco_unc'),
    **_refer('refzom', 'data/ref-zom', 'refzom_final'),
    **_refer('rrefcoco', 'data/rrefcoco', 'rrefcoco_unc'),
    **_refer('rrefcoco', 'data/rrefcoco+', 'rrefcoco_plus_unc'),
    **_refer('rrefcoco', 'data/rrefcocog', 'rrefcocog_umd'),
    **_refer('flickr30k_entities', 'data/flickr30k', 'flickr30k_entities'),
    **_refer('referit_saiapr', 'data/referit', 'referit'),
    **_refer('vg_regions', 'data/vg', 'vg_regions'),
    **_refer('phrasecut', 'data/phrasecut', 'phrasecut'),
    **_refer('mdetr_refexp', 'data/mdetr', 'mdetr_refcoco', 'mdetr_refcoco_plus',
             'mdetr_refcocog'),
    **_refer('mdetr_grefcoco', 'data/mdetr', 'mdetr_grefcoco'),
    **_refer('mdetr_flickr', 'data/mdetr', 'mdetr_flickr_separateGT',
             'mdetr_flickr_mergedGT'),
    **_refer('mdetr_mixed', 'data/mdetr', 'mdetr_mixed', 'mdetr_mixed_no_coco'),
    **_refer('finecops', 'data/finecops-ref', 'finecops_ref'),
    **_refer('d_cube', 'data/d-cube', 'd_cube'),
    **_refer('refdrone', 'data/refdrone', 'refdrone'),
    **_resc('unc', COCO, 'resc_unc'), **_resc('unc+', COCO, 'resc_unc_plus'),
    **_resc('gref', COCO, 'resc_gref'), **_resc('gref_umd', COCO, 'resc_gref_umd'),
    **_resc('referit', SAIAPR, 'resc_referit'),
    **_resc('flickr', FLICKR, 'resc_flickr'),
}
SYNTHREF = 'python tools/make_synthref.py --level {level} --seed 0 --out {out}'


def prepare_command(ann_file: Union[str, Path]) -> str:
    """The command that makes a canonical annotation file, by the file's name."""
    path = Path(ann_file)
    name = path.name.removesuffix('.jsonl').rpartition('_')[0]
    if name in COMMANDS:
        command, fields = COMMANDS[name]
        return command.format(out=path.parent, **fields)
    if name.startswith('synthref_L'):
        level = name.removeprefix('synthref_')[:2]
        command = SYNTHREF.format(level=level, out=path.parent.parent)
        return f'{command} --captions' if name.endswith('_captions') else command
    return f'python tools/prepare_data.py FORMAT SRC --out {path.parent}'
