"""Grounders: one file tells the story of a method."""
from segvg.models.grounders.base import BaseGrounder
from segvg.models.grounders.foundation import (
    SAM3,
    Florence2,
    FoundationGrounder,
    FoundationPreprocessor,
    GroundingDINO,
    MMGroundingDINO,
    OWLv2,
    Qwen3VL,
    Qwen25VL,
    Sam2Refiner,
)
from segvg.models.grounders.instancevg import InstanceVG
from segvg.models.grounders.mdetr import MDETR
from segvg.models.grounders.partial_res import PartialRES
from segvg.models.grounders.reftr import RefTR
from segvg.models.grounders.rela import ReLA
from segvg.models.grounders.segvg import SegVG
from segvg.models.grounders.seqtr import SeqTR
from segvg.models.grounders.siri import SiRi
from segvg.models.grounders.two_tower import TwoTowerGrounder

__all__ = [
    'MDETR', 'SAM3', 'BaseGrounder', 'Florence2', 'FoundationGrounder',
    'FoundationPreprocessor', 'GroundingDINO', 'InstanceVG', 'MMGroundingDINO',
    'OWLv2', 'PartialRES', 'Qwen25VL', 'Qwen3VL', 'ReLA', 'RefTR', 'Sam2Refiner',
    'SegVG', 'SeqTR', 'SiRi', 'TwoTowerGrounder'
]
