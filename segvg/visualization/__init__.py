"""Pictures of expressions, targets and predictions."""
from segvg.visualization.visualizer import GroundingVisualizer

__all__ = ['GroundingVisualizer']
