"""Which command makes which annotation file, for messages and the data guide."""
from pathlib import Path
from typing import Union

REFER = 'python tools/prepare_data.py {format} {source} --out {out}'
RESC = 'python tools/prepare_data.py resc_pth {source} --images {images} --out {out}'

# name of a canonical data set -> (command, fields of the command)
COMMANDS = {
    'refcoco_unc': (REFER, dict(format='refer_refcoco', source='data/refer/refcoco')),
    'refcoco_google': (REFER, dict(format='refer_refcoco',
                                   source='data/refer/refcoco')),
    'refcoco_plus_unc': (REFER, dict(format='refer_refcoco',
                                     source='data/refer/refcoco+')),
    'refcocog_umd': (REFER, dict(format='refer_refcocog',
                                 source='data/refer/refcocog')),
    'refcocog_google': (REFER, dict(format='refer_refcocog',
                                    source='data/refer/refcocog')),
    'resc_unc': (RESC, dict(source='data/resc/unc', images='data/coco/train2014')),
    'resc_unc_plus': (RESC, dict(source='data/resc/unc+',
                                 images='data/coco/train2014')),
    'resc_gref': (RESC, dict(source='data/resc/gref', images='data/coco/train2014')),
    'resc_gref_umd': (RESC, dict(source='data/resc/gref_umd',
                                 images='data/coco/train2014')),
    'resc_referit': (RESC, dict(source='data/resc/referit',
                                images='data/referit/images')),
    'resc_flickr': (RESC, dict(source='data/resc/flickr',
                               images='data/flickr30k/images')),
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
        return SYNTHREF.format(level=level, out=path.parent.parent)
    return f'python tools/prepare_data.py FORMAT SRC --out {path.parent}'
