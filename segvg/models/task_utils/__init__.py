"""What heads use and a config may choose, but has no parameters."""
from segvg.models.task_utils.hungarian_matcher import (
    HungarianMatcher,
    Matches,
    PointMatcher,
    SetTargets,
)

__all__ = ['HungarianMatcher', 'Matches', 'PointMatcher', 'SetTargets']
