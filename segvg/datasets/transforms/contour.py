"""A fixed number of points on the contour of a mask."""
from typing import Optional

import cv2
import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS

NEIGHBOURS = [sign * step for step in range(1, 6) for sign in (1, -1)]  # degrees


def largest_contour(mask: np.ndarray) -> np.ndarray:
    """Return the outline (P, 2) of the largest part of a mask (H, W), x and y.

    Holes and other parts are ignored; P = 0 when the mask is empty.
    """
    contours, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 2), dtype=np.int32)
    return max(contours, key=cv2.contourArea)[:, 0]


def mass_center(contour: np.ndarray) -> Optional[np.ndarray]:
    """Return the centre (2,) of the area of a contour (P, 2), None without area."""
    if not len(contour):
        return None
    moments = cv2.moments(contour)
    if moments['m00'] <= 0:
        return None
    return np.array([moments['m10'], moments['m01']]) / moments['m00']


def points_by_interval(contour: np.ndarray, count: int) -> np.ndarray:
    """Return every k-th point of a contour (P, 2), k as small as ``count`` allows."""
    return contour[::-(-len(contour) // count)].astype(np.float64)


def points_by_angle(contour: np.ndarray, center: np.ndarray, count: int) -> np.ndarray:
    """Return the farthest contour point in each of ``count`` directions from a centre.

    Directions are whole degrees; one without a point takes the nearest that has one, up
    to five degrees away, or is left out.
    """
    offsets = contour - center
    angles = np.degrees(np.arctan2(offsets[:, 1], offsets[:, 0]))
    angles = np.where(angles < 0, angles + 360, angles).astype(np.int64)
    distances = np.hypot(offsets[:, 0], offsets[:, 1])
    farthest: dict[int, float] = {}
    for angle, distance in zip(angles.tolist(), distances.tolist()):
        farthest[angle] = max(distance, farthest.get(angle, 0.0))
    points = []
    for wanted in range(0, 360, 360 // count):
        near = (wanted + step for step in (0, *NEIGHBOURS))
        angle = next((angle for angle in near if angle in farthest), None)
        if angle is not None:
            turn = np.radians(angle)
            direction = np.array([np.cos(turn), np.sin(turn)])
            points.append(center + farthest[angle] * direction)
    return np.array(points).reshape(-1, 2)[:count]


def sample_contour(mask: np.ndarray, count: int,
                   by_angle: bool = False) -> np.ndarray:
    """Return contour points (count, 2) float32 of a mask (H, W), -1 for missing ones.

    Args:
        mask: of one object; only its largest part counts.
        count: N.
        by_angle: sample by direction from the centre instead of along the contour,
            where the centre lies inside.
    """
    vertices = np.full((count, 2), -1, dtype=np.float32)
    contour = largest_contour(mask)
    center = mass_center(contour)
    if center is None:
        return vertices
    if len(contour) <= count:
        points = contour
    elif by_angle and cv2.pointPolygonTest(contour, center.tolist(), False) > 0:
        points = points_by_angle(contour, center, count)
    else:
        points = points_by_interval(contour, count)
    height, width = mask.shape
    vertices[:len(points)] = points.clip(0, [width - 1, height - 1])
    return vertices


@TRANSFORMS.register_module()
class SampleContour(Transform):
    """Add ``target_contours`` (T, N, 2) float32, canvas pixels, -1 where there is none.

    Comes after the placement and needs the masks
    (``LoadGroundingAnnotations(with_mask=True)``).

    Args:
        num_points: N.
        by_angle: sample by direction from the centre of the object.

    Source: Zhu et al., "SeqTR", ECCV 2022.
    """
    after_flip = True

    def __init__(self, num_points: int = 18, by_angle: bool = False) -> None:
        self.num_points = num_points
        self.by_angle = by_angle

    def transform(self, results: dict) -> dict:
        """Add the contours of the masks of ``results``."""
        if 'gt_masks' not in results:
            raise ValueError('SampleContour needs the masks of '
                             f'{results.get("img_path")}, which were not loaded: set '
                             'LoadGroundingAnnotations(with_mask=True)')
        contours = [sample_contour(mask, self.num_points, self.by_angle)
                    for mask in results['gt_masks']]
        results['target_contours'] = np.array(
            contours, dtype=np.float32).reshape(-1, self.num_points, 2)
        return results
