"""Instances files written by hand, and what their sentences mean, read anew."""
import json
import re
from pathlib import Path

from segvg.annotations.checks import Place, Report
from segvg.annotations.readers.base import Context, ReadOptions
from segvg.annotations.readers.coco_instances import CocoInstances
from segvg.synthref.photographs.kinds import PhotoSentences
from segvg.synthref.photographs.photos import Vocabulary, read_photos

WIDTH, HEIGHT = 640, 480
RANKS = dict(second=2, third=3)


def write_instances(path: Path, images, categories=None, fields=None) -> Path:
    """Write a file of images that are lists of (category, x1, y1, x2, y2, changes)."""
    names = categories or list(dict.fromkeys(
        item[0] for objects in images for item in objects))
    names = [name if isinstance(name, dict) else dict(name=name) for name in names]
    ids = {record['name']: number for number, record in enumerate(names, 1)}
    annotations = []
    for number, objects in enumerate(images, 1):
        for name, x1, y1, x2, y2, *changes in objects:
            annotations.append(dict(
                id=len(annotations) + 1, image_id=number, category_id=ids[name],
                iscrowd=0, bbox=[x1, y1, x2 - x1, y2 - y1],
                area=(x2 - x1) * (y2 - y1),
                segmentation=[[x1, y1, x2, y1, x2, y2, x1, y2]]) | (
                    changes[0] if changes else {}))
    content = dict(
        images=[dict(id=number, file_name=f'{number}.jpg', width=WIDTH, height=HEIGHT,
                     **(fields or {})) for number in range(1, len(images) + 1)],
        annotations=annotations,
        categories=[dict(record, id=number) for number, record in enumerate(names, 1)])
    path.write_text(json.dumps(content))
    return path


def photos_of(path: Path, min_area=0.01, spoken=(), partial=()):
    """The photographs of a file, and its vocabulary."""
    instances = CocoInstances(Context(Report(), ReadOptions(), Place(path.name)), path)
    vocabulary = Vocabulary(instances.categories, instances.supercategories,
                            dict(spoken), tuple(partial))
    return list(read_photos(instances, vocabulary, min_area)), vocabulary


def sentences_of(path: Path, **options):
    """All that could be said of the first image: text -> targets, for any words."""
    photos, vocabulary = photos_of(path, **options)
    found = {}
    for seed in range(12):
        for item in PhotoSentences(photos[0], vocabulary.nouns, seed).find():
            assert found.setdefault(item.text, item.targets) == item.targets
    return found


def meaning(text, objects, plurals):
    """The indices that a sentence means, by the plain sense of its words.

    Args:
        text: the sentence.
        objects: (name, (x1, y1, x2, y2)) of every object.
        plurals: plural -> name.
    """
    def named(name):
        return [index for index, item in enumerate(objects) if item[0] == name]

    def along(indices, side):
        axis = 0 if side in ('left', 'right') else 1
        return sorted(indices, reverse=side in ('right', 'bottom'), key=lambda index: (
            objects[index][1][axis] + objects[index][1][axis + 2]))

    def area(index):
        x1, y1, x2, y2 = objects[index][1]
        return (x2 - x1) * (y2 - y1)

    both = re.fullmatch(r'(?:the two|both) (.+)', text)
    pair = re.fullmatch(r'the (.+) and the (.+)', text)
    if both:
        found = named(plurals[both[1]])
        return tuple(found) if len(found) == 2 else None
    if pair:
        parts = [named(pair[1]), named(pair[2])]
        assert all(len(part) == 1 for part in parts)
        return tuple(sorted(parts[0] + parts[1]))
    sides = dict(left='left|leftmost', right='right|rightmost', top='upper|top|topmost',
                 bottom='lower|bottom|bottommost')
    for side, words in sides.items():
        found = re.fullmatch(rf'the (?:{words}) (.+)|the (.+) (?:on|at) the {side}',
                             text)
        if found:
            return along(named(found[1] or found[2]), side)[0],
    found = re.fullmatch(r'the (big|larg|small)(?:ger|er|gest|est) (.+)', text)
    if found:
        order = sorted(named(found[2]), key=area)
        return order[0 if found[1] == 'small' else -1],
    found = (re.fullmatch(r'the (second|third) (.+) from the (left|right)', text)
             or re.fullmatch(r'the (?P<b>.+) that is (?P<a>second|third) from the '
                             '(?P<c>left|right)', text))
    if found:
        rank, name, side = (found['a'], found['b'], found['c']) if (
            ' that is ' in text) else found.groups()
        return along(named(name), side)[RANKS[rank] - 1],
    found = re.fullmatch(r'the middle (.+)|the (.+) in the middle', text)
    if found:
        order = along(named(found[1] or found[2]), 'left')
        assert len(order) == 3
        return order[1],
    found = named(text.removeprefix('the '))
    assert len(found) == 1, text
    return tuple(found)
