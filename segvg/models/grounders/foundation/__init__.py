"""Foundation models of transformers as grounders: one file a model."""
from segvg.models.grounders.foundation.base import (
    FoundationGrounder,
    FoundationPreprocessor,
)
from segvg.models.grounders.foundation.florence2 import Florence2
from segvg.models.grounders.foundation.grounding_dino import (
    GroundingDINO,
    MMGroundingDINO,
)
from segvg.models.grounders.foundation.owlv2 import OWLv2
from segvg.models.grounders.foundation.qwen_vl import Qwen3VL, Qwen25VL
from segvg.models.grounders.foundation.sam2_refiner import Sam2Refiner
from segvg.models.grounders.foundation.sam3 import SAM3

__all__ = [
    'SAM3', 'Florence2', 'FoundationGrounder', 'FoundationPreprocessor',
    'GroundingDINO', 'MMGroundingDINO', 'OWLv2', 'Qwen25VL', 'Qwen3VL', 'Sam2Refiner'
]
