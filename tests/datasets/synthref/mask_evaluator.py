"""A second evaluator: forms on pixels and masks alone, without margins.

It looks at what was drawn, never at the attributes of the scene, and shares no code
with the first one but the forms.
"""
import colorsys
import math

import numpy as np

from segvg.datasets.synthref.forms import All, Count, Extreme, Objects, The

HUES = dict(red=0, orange=30, yellow=57, green=120, blue=222, purple=285)
AREAS = dict(square=3.24, circle=math.pi, triangle=1.87, star=1.9, ring=2.85)


class Seen:
    """What can be measured of one mask in a picture."""

    def __init__(self, picture, mask):
        rows, columns = np.nonzero(mask)
        self.y, self.x = rows.mean() + 0.5, columns.mean() + 0.5
        self.area = len(rows)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        stands = mask[rows.max(), int(self.x)]   # not between two points of a star
        self.shape = self.name_shape(mask, self.area / (height * width), stands)
        self.radius = math.sqrt(self.area / AREAS[self.shape])
        percent = 100 * self.radius / min(mask.shape)
        self.size = ('small' if percent < 8 else
                     'medium' if percent < 13.5 else 'large')
        red, green, blue = np.median(picture[mask], axis=0) / 255
        hue = 360 * colorsys.rgb_to_hsv(red, green, blue)[0]
        self.colour = min(
            HUES, key=lambda name: abs((hue - HUES[name] + 180) % 360 - 180))

    def name_shape(self, mask, filled, stands):
        if not mask[int(self.y), int(self.x)]:
            return 'ring'
        return ('square' if filled > 0.9 else 'circle' if filled > 0.65
                else 'triangle' if stands else 'star')

    def is_at(self, place, shape):
        y, x = self.y / shape[0], self.x / shape[1]
        if place == 'middle':
            return max(abs(x - 0.5), abs(y - 0.5)) < 0.18
        return all(dict(left=x < 0.5, right=x > 0.5, top=y < 0.5, bottom=y > 0.5)[side]
                   for side in place.split())


def evaluate(form, picture, masks):
    """Return the indices of the masks that a form is about."""
    seen = [Seen(picture, mask) for mask in masks]
    return frozenset(_evaluate(form, seen, picture.shape[:2]))


def _evaluate(form, seen, shape):
    if isinstance(form, (The, All, Count)):
        return _evaluate(form.source, seen, shape)
    if isinstance(form, Objects):
        wanted = {kind: form.get(kind) for kind in form.kinds()}
        place = wanted.pop('place', None)
        return {index for index, item in enumerate(seen)
                if all(getattr(item, kind) == value for kind, value in wanted.items())
                and (place is None or item.is_at(place, shape))}
    if isinstance(form, Extreme):
        members = _evaluate(form.source, seen, shape)
        order = dict(left=lambda i: seen[i].x, right=lambda i: -seen[i].x,
                     top=lambda i: seen[i].y, bottom=lambda i: -seen[i].y,
                     largest=lambda i: -seen[i].area, smallest=lambda i: seen[i].area)
        return {min(members, key=order[form.key])} if members else set()
    return set().union(*(_evaluate(part, seen, shape) for part in form.parts))
