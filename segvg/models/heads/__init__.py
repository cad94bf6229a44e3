"""Heads: each owns its loss and its decoding."""
from segvg.models.heads.attention_mask_branch import AttentionMaskBranch
from segvg.models.heads.box_head import BoxHead
from segvg.models.heads.contour_head import ContourHead
from segvg.models.heads.joint_mask_branch import JointMaskBranch
from segvg.models.heads.late_word_decoder import LateWordDecoder
from segvg.models.heads.phrase_head import PhraseHead, PhraseOutputs, PhraseTargets
from segvg.models.heads.region_decoder import RegionDecoder
from segvg.models.heads.region_head import RegionHead
from segvg.models.heads.segvg_head import SegVGHead
from segvg.models.heads.sequence_head import SequenceHead
from segvg.models.heads.sequence_parts import BoxPart, ContourPart, SequencePart
from segvg.models.heads.set_box_head import SetBoxHead, SetOutputs
from segvg.models.heads.soft_token_head import SoftTokenHead
from segvg.models.heads.token_choice import MostProbable, NucleusSample

__all__ = [
    'AttentionMaskBranch', 'BoxHead', 'BoxPart', 'ContourHead', 'ContourPart',
    'JointMaskBranch', 'LateWordDecoder', 'MostProbable', 'NucleusSample',
    'PhraseHead', 'PhraseOutputs', 'PhraseTargets', 'RegionDecoder', 'RegionHead',
    'SegVGHead',
    'SequenceHead', 'SequencePart', 'SetBoxHead', 'SetOutputs', 'SoftTokenHead'
]
