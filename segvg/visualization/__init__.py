"""Pictures of expressions, targets and predictions."""
from segvg.visualization.records import draw_record
from segvg.visualization.visualizer import GroundingVisualizer

__all__ = ['GroundingVisualizer', 'draw_record']
