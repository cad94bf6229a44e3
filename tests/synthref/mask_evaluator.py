"""A second evaluator: forms on pixels and masks alone, without margins.

It looks at what was drawn, never at the attributes or positions of the scene, and
shares no code with the first one but the forms and the outlines of the shapes. Where
the first one has an undecided zone, the threshold here is in the middle of it.
"""
import colorsys
import math

import numpy as np

from segvg.synthref.forms import All, Count, The
from segvg.synthref.shapes import FILLS, SHAPES, covers, measure

HUES = dict(red=0, orange=30, yellow=57, green=120, blue=222, purple=285)
AREAS = dict(square=3.24, circle=math.pi, triangle=1.87, star=1.9, ring=2.85,
             cross=2.766, heart=2.58, cup=2.95, pair=1.9, arrow=1.63)
REACH = max(abs(side) for name in SHAPES for side in measure(name).extent)


class Seen:
    """What can be measured of one object: its full mask, and its visible pixels."""

    def __init__(self, picture, full, visible):
        self.full = full
        rows, columns = np.flatnonzero(full.any(1)), np.flatnonzero(full.any(0))
        left, top, right, bottom = self.box = (
            columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        part = slice(top, bottom), slice(left, right)   # nothing else is looked at
        rows, columns = np.nonzero(full[part])
        self.y, self.x = rows.mean() + 0.5 + top, columns.mean() + 0.5 + left
        self.area = len(rows)
        self.figure = self.name_figure(full)
        self.shape, _, self.direction = self.figure.partition(' ')
        self.radius = math.sqrt(self.area / AREAS[self.shape])
        percent = 100 * self.radius / min(full.shape)
        self.size = ('small' if percent < 8 else
                     'medium' if percent < 13.5 else 'large')
        self.fill, tones = self.split_tones(picture[part], visible[part])
        self.colour = name_colour(tones)

    def name_figure(self, full):
        """Compare with every outline drawn with the same centroid and area."""
        # nothing is drawn outside
        reach = REACH * math.sqrt(self.area / min(AREAS.values())) + 1
        ends = [(max(int(min(low, centre - reach)), 0),
                 min(int(max(high, centre + reach)) + 1, size))
                for low, high, centre, size in zip(
                    self.box[1::-1], self.box[:1:-1], (self.y, self.x), full.shape)]
        full = full[slice(*ends[0]), slice(*ends[1])]
        ticks = [np.arange(*span)[:, None] + 0.5 for span in ends]
        scores = {}
        for name in SHAPES:
            radius = math.sqrt(self.area / AREAS[name.partition(' ')[0]])
            drawn = covers(name, (ticks[1].T - self.x) / radius,
                           (ticks[0] - self.y) / radius)
            shared = np.count_nonzero(drawn & full)
            scores[name] = shared / (np.count_nonzero(drawn) + self.area - shared)
        return max(scores, key=scores.get)

    def split_tones(self, picture, visible):
        """Tell a plain fill from a pattern of two tones; return the tones.

        Of the part of the picture that is in the box.
        """
        visible = inner_pixels(visible)   # edges are mixed with what is behind
        pixels = picture[visible].astype(float)
        luma = pixels @ (0.299, 0.587, 0.114)
        low, high = np.percentile(luma, (8, 92))
        if high - low < 22:
            return 'plain', [np.median(pixels, axis=0) / 255]
        rows, columns = np.nonzero(visible)
        u = (columns + 0.5 + self.box[0] - self.x) / self.radius
        v = (rows + 0.5 + self.box[1] - self.y) / self.radius
        likeness = {}
        for name, pattern in FILLS.items():
            expected = pattern(u, v) - pattern(u, v).mean()
            spread = np.sqrt((expected**2).sum()) + 1e-9
            likeness[name] = abs(expected @ (luma - luma.mean())) / spread
        light = luma > (low + high) / 2
        return max(likeness, key=likeness.get), [
            np.median(pixels[chosen], axis=0) / 255 for chosen in (light, ~light)]


def inner_pixels(mask):
    padded = np.pad(mask, 1)
    inner = (mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2]
             & padded[1:-1, 2:])
    return inner if inner.sum() > 15 else mask


def name_colour(tones):
    """Name the more colourful tone; grey ones by the darkest and the lightest."""
    hue, saturation, value = max(
        (colorsys.rgb_to_hsv(*tone) for tone in tones), key=lambda hsv: hsv[1])
    if saturation < 0.3:
        values = [max(tone) for tone in tones]
        return ('black' if min(values) < 0.2 else
                'white' if max(values) > 0.8 else 'grey')
    if value < 0.62 and 12 < 360 * hue < 45:
        return 'brown'
    return min(HUES, key=lambda name: abs((360 * hue - HUES[name] + 180) % 360 - 180))


def see_scene(picture, full, visible):
    return [Seen(picture, *masks) for masks in zip(full, visible)]


def evaluate(form, seen, visible):
    """Return the indices of the objects that a form is about."""
    return frozenset(Evaluator(seen, visible).of(form))


class Evaluator:
    def __init__(self, seen, visible):
        self.seen, self.visible = seen, visible
        self.height, self.width = visible.shape[1:]

    def of(self, form):
        if isinstance(form, The | All | Count):
            return self.of(form.source)
        return getattr(self, f'of_{type(form).__name__.lower()}')(form)

    def one(self, form):
        return next(iter(self.of(form)))

    def of_together(self, form):
        return set().union(*(self.of(part) for part in form.parts))

    def of_objects(self, form):
        wanted = {kind: form.get(kind) for kind in form.kinds()}
        place = wanted.pop('place', None)
        return {index for index, item in enumerate(self.seen)
                if all(getattr(item, kind) == value for kind, value in wanted.items())
                and (place is None or self.is_at(item, place))}

    def is_at(self, item, place):
        y, x = item.y / self.height, item.x / self.width
        if place == 'middle':
            return max(abs(x - 0.5), abs(y - 0.5)) < 0.18
        near = 0.41 if ' ' in place else 0.44
        return all(dict(left=x < near, right=1 - x < near, top=y < near,
                        bottom=1 - y < near)[side] for side in place.split())

    def order(self, key, landmark=None):
        seen = self.seen
        return dict(
            left=lambda i: seen[i].x, right=lambda i: -seen[i].x,
            top=lambda i: seen[i].y, bottom=lambda i: -seen[i].y,
            largest=lambda i: -seen[i].area, smallest=lambda i: seen[i].area,
            near=lambda i: math.hypot(seen[i].x - seen[landmark].x,
                                      seen[i].y - seen[landmark].y))[key]

    def of_extreme(self, form):
        return set(sorted(self.of(form.source), key=self.order(form.key))[:1])

    def of_ordinal(self, form):
        order = sorted(self.of(form.source), key=self.order(form.side))
        return set(order[form.rank - 1:form.rank])

    def of_nearest(self, form):
        landmark = self.one(form.landmark)
        order = sorted(self.of(form.source) - {landmark},
                       key=self.order('near', landmark))
        return set(order[:1])

    def of_related(self, form):
        landmark = self.one(form.landmark)
        return {index for index in self.of(form.source) - {landmark}
                if self.is_related(index, form.relation, landmark)}

    def is_related(self, index, relation, landmark):
        a, b = self.seen[index], self.seen[landmark]
        if relation in ('left of', 'right of', 'above', 'below'):
            return {'left of': a.x < b.x, 'right of': a.x > b.x, 'above': a.y < b.y,
                    'below': a.y > b.y}[relation]
        shared = a.full & b.full
        much = shared.sum() > 0.05 * min(a.area, b.area)
        if relation == 'next to':
            return much or self.gap(a, b) < (a.radius + b.radius) / 2
        if relation == 'overlapping':
            return much
        if relation == 'inside':
            filled = b.full | (fill_hole(b.full) if b.shape == 'ring' else False)
            x1, y1, x2, y2 = a.box
            return filled[y1:y2, x1:x2].mean() > 0.97
        own, other = ((shared & self.visible[i]).sum() for i in (index, landmark))
        return much and (own > other if relation == 'in front of' else other > own)

    def gap(self, a, b):
        first, second = (np.argwhere(item.full)[::2] for item in (a, b))
        return np.sqrt(((first[:, None] - second[None])**2).sum(-1).min())

    def of_between(self, form):
        if len(form.landmarks) == 1:
            b, c = self.of(form.landmarks[0])
        else:
            b, c = [self.one(landmark) for landmark in form.landmarks]
        return {index for index in self.of(form.source) - {b, c}
                if self.is_between(*(self.seen[i] for i in (index, b, c)))}

    def is_between(self, a, b, c):
        line = np.array([c.x - b.x, c.y - b.y])
        own = np.array([a.x - b.x, a.y - b.y])
        length = math.hypot(*line)
        along = own @ line / length**2
        away = abs(own[0] * line[1] - own[1] * line[0]) / length**2
        return 0.1 < along < 0.9 and away < 0.375

    def of_compared(self, form):
        landmark = self.one(form.landmark)
        sign = 1 if form.key == 'bigger' else -1
        return {index for index in self.of(form.source) - {landmark}
                if sign * self.seen[index].radius > sign * self.seen[landmark].radius}

    def of_alike(self, form):
        landmark = self.one(form.landmark)
        value = getattr(self.seen[landmark], form.kind)
        return {index for index in self.of(form.source) - {landmark}
                if (getattr(self.seen[index], form.kind) == value) == form.same}

    def of_without(self, form):
        return {index for index in self.of(form.source)
                if getattr(self.seen[index], form.kind) != form.value}

    def of_except(self, form):
        return self.of(form.source) - self.of(form.excluded)


def fill_hole(full):
    """Return what the mask encloses along rows and columns."""
    rows = [np.logical_or.accumulate(turned, axis) for turned, axis in (
        (full, 0), (full, 1))]
    back = [np.logical_or.accumulate(full[::-1], 0)[::-1],
            np.logical_or.accumulate(full[:, ::-1], 1)[:, ::-1]]
    return rows[0] & rows[1] & back[0] & back[1]
