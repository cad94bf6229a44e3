"""Rules that rename the keys of published checkpoints; one file a method."""
from segvg.checkpoints.rules.common import Drop, Rule
from segvg.checkpoints.rules.instancevg import BEIT3_RULES, INSTANCEVG_RULES
from segvg.checkpoints.rules.mobilenet_v2 import MOBILENET_V2_RULES
from segvg.checkpoints.rules.reftr import REFTR_RULES
from segvg.checkpoints.rules.rela import RELA_ORIGINAL_RULES, RELA_RULES, SWIN_RULES
from segvg.checkpoints.rules.segvg import (
    DETR_RULES,
    RESNET_RULES,
    SEGVG_RULES,
    TRANSVG_RULES,
)
from segvg.checkpoints.rules.seqtr import PARTIAL_RES_RULES, SEQTR_RULES
from segvg.checkpoints.rules.siri import MDETR_RULES, MT_SIRI_RULES, SIRI_RULES

__all__ = ['RULES', 'Drop', 'Rule']

#: Method name of ``tools/convert_checkpoint.py`` -> rules.
RULES: dict[str, list[Rule]] = dict(
    segvg=SEGVG_RULES, transvg=TRANSVG_RULES, detr=DETR_RULES, resnet=RESNET_RULES,
    seqtr=SEQTR_RULES,
    partial_res=PARTIAL_RES_RULES,
    siri=SIRI_RULES, mt_siri=MT_SIRI_RULES, mdetr=MDETR_RULES,
    reftr=REFTR_RULES,
    rela=RELA_RULES, rela_original=RELA_ORIGINAL_RULES, swin=SWIN_RULES,
    instancevg=INSTANCEVG_RULES, beit3=BEIT3_RULES,
    mobilenet_v2=MOBILENET_V2_RULES)
