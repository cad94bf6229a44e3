"""Readers of source formats; each finds the data sets in the files it is given."""
from collections.abc import Callable
from functools import partial
from pathlib import Path

from segvg.annotations.readers.base import ReadOptions, SourceSet
from segvg.annotations.readers.canonical import find_canonical_sets
from segvg.annotations.readers.d_cube import find_d_cube_sets
from segvg.annotations.readers.finecops import find_finecops_sets
from segvg.annotations.readers.flickr30k import find_flickr30k_sets
from segvg.annotations.readers.mdetr import find_mdetr_sets
from segvg.annotations.readers.mdetr_flavours import FLAVOURS
from segvg.annotations.readers.odvg import find_odvg_sets
from segvg.annotations.readers.own.coco import find_coco_sets
from segvg.annotations.readers.own.csv_rows import find_csv_sets
from segvg.annotations.readers.own.label_studio import find_label_studio_sets
from segvg.annotations.readers.own.labelme import find_labelme_sets
from segvg.annotations.readers.own.voc import find_voc_sets
from segvg.annotations.readers.own.yolo import find_yolo_sets
from segvg.annotations.readers.parquet import find_hf_sets
from segvg.annotations.readers.phrasecut import find_phrasecut_sets
from segvg.annotations.readers.pth_lists import REFTR, RESC, find_pth_sets
from segvg.annotations.readers.refer import find_refer_sets
from segvg.annotations.readers.refer_dialects import GREFCOCO, REFCLEF, REFZOM, RREFCOCO
from segvg.annotations.readers.referit import find_referit_sets
from segvg.annotations.readers.seqtr import find_seqtr_sets
from segvg.annotations.readers.simvg import find_simvg_sets
from segvg.annotations.readers.visual_genome import find_vg_sets

FindSets = Callable[[list[Path], ReadOptions], list[SourceSet]]

# FORMAT of tools/prepare_data.py -> finds the sets in the sources
READERS: dict[str, FindSets] = dict(
    canonical=find_canonical_sets,
    coco=find_coco_sets,
    csv=find_csv_sets,
    label_studio=find_label_studio_sets,
    labelme=find_labelme_sets,
    voc=find_voc_sets,
    yolo=find_yolo_sets,
    d_cube=find_d_cube_sets,
    finecops=find_finecops_sets,
    grefcoco=partial(find_refer_sets, dialect=GREFCOCO),
    mmdet_refcoco=find_refer_sets,
    flickr30k_entities=find_flickr30k_sets,
    hf_parquet=find_hf_sets,
    odvg=find_odvg_sets,
    phrasecut=find_phrasecut_sets,
    refer_refclef=partial(find_refer_sets, dialect=REFCLEF),
    refer_refcoco=find_refer_sets,
    refer_refcocog=find_refer_sets,
    referit_saiapr=find_referit_sets,
    reftr_pth=partial(find_pth_sets, dialect=REFTR),
    refzom=partial(find_refer_sets, dialect=REFZOM),
    rrefcoco=partial(find_refer_sets, dialect=RREFCOCO),
    resc_pth=partial(find_pth_sets, dialect=RESC),
    seqtr_json=find_seqtr_sets,
    simvg_grefcoco=find_simvg_sets,
    vg_regions=find_vg_sets,
    **{name: partial(find_mdetr_sets, name) for name in FLAVOURS})

#: Formats of data that users annotate, with the options of ``own/arguments.py``.
OWN_FORMATS = ('coco', 'csv', 'labelme', 'label_studio', 'yolo', 'voc')

__all__ = ['OWN_FORMATS', 'READERS', 'FindSets', 'ReadOptions', 'SourceSet']
