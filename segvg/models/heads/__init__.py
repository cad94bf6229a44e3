"""Heads: each owns its loss and its decoding."""
from segvg.models.heads.box_head import BoxHead
from segvg.models.heads.box_mask import BoxMaskAuxiliary
from segvg.models.heads.instance_head import InstanceHead
from segvg.models.heads.mask_branches import AttentionMaskBranch, JointMaskBranch
from segvg.models.heads.phrase_head import PhraseHead, PhraseOutputs, PhraseTargets
from segvg.models.heads.region_decoder import LateWordDecoder, RegionDecoder
from segvg.models.heads.region_head import RegionHead
from segvg.models.heads.segvg_head import SegVGHead
from segvg.models.heads.sequence_head import ContourHead, SequenceHead
from segvg.models.heads.sequence_parts import (
    BoxPart,
    ContourPart,
    MostProbable,
    NucleusSample,
    SequencePart,
)
from segvg.models.heads.set_box_head import SetBoxHead, SetOutputs
from segvg.models.heads.soft_token_head import SoftTokenHead

__all__ = [
    'AttentionMaskBranch', 'BoxHead', 'BoxMaskAuxiliary', 'BoxPart', 'ContourHead',
    'ContourPart', 'InstanceHead', 'JointMaskBranch', 'LateWordDecoder',
    'MostProbable', 'NucleusSample', 'PhraseHead', 'PhraseOutputs', 'PhraseTargets',
    'RegionDecoder', 'RegionHead', 'SegVGHead', 'SequenceHead', 'SequencePart',
    'SetBoxHead', 'SetOutputs', 'SoftTokenHead'
]
