"""Pictures of expressions, targets and predictions, and the pages that show them."""
from segvg.visualization.records import compose_record
from segvg.visualization.visualizer import GroundingVisualizer

__all__ = ['GroundingVisualizer', 'compose_record']
