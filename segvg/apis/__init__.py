"""The trained model as a function: images and expressions in, boxes and masks out."""
from segvg.apis.inferencer import GroundingInferencer

__all__ = ['GroundingInferencer']
