"""Grounders: one file tells the story of a method."""
from segvg.models.grounders.base import BaseGrounder
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
    'MDETR', 'BaseGrounder', 'InstanceVG', 'PartialRES', 'ReLA', 'RefTR', 'SegVG',
    'SeqTR', 'SiRi', 'TwoTowerGrounder'
]
