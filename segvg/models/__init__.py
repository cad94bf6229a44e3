"""Everything with parameters, and what prepares its input."""
from segvg.models import (
    backbones,
    grounders,
    heads,
    language_encoders,
    losses,
    necks,
    task_utils,
)
from segvg.models.averaged_model import JointAverage, RampedAverage
from segvg.models.data_preprocessor import GroundingDataPreprocessor
from segvg.models.flip_average import GroundingTTAModel

__all__ = [
    'GroundingDataPreprocessor', 'GroundingTTAModel', 'JointAverage', 'RampedAverage',
    'backbones', 'grounders', 'heads', 'language_encoders', 'losses', 'necks',
    'task_utils'
]
