"""Export to tasks of Label Studio: regions with sentences, to look at and to correct.

Canonical lines become annotations, answers of a model predictions. The sentence of a
region is the text area ``sentence``; a sentence about several objects has a region for
each of them, with this sentence alone.
"""
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Optional
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.exporters.answers import Found, read_answers, split_answers
from segvg.annotations.exporters.base import (
    Losses,
    bbox_of,
    read_meta,
    segm_of,
    write_json,
)
from segvg.annotations.exporters.brush import encode_brush
from segvg.structures.masks import decode_segmentation
from segvg.utils.files import write_whole

LOCAL = '/data/local-files/?d={}'
TEXT, IMAGE = 'sentence', 'image'
CONFIG = 'label_studio.xml'
LABEL = 'object'
MOST_LABELS = 100    # of more categories, a list to choose from is no help
# kind of region -> control of the labeling configuration
CONTROLS = dict(rectangle='RectangleLabels', polygon='PolygonLabels',
                brush='BrushLabels')
HELD = ('ref_id',)


class Region(NamedTuple):
    """An object with its sentences."""

    found: Found
    label: str
    texts: list[str]


def export_label_studio(paths: list[Path], out: Path, losses: Losses, *,
                        address: str = LOCAL, images: Optional[Path] = None,
                        boxes_only: bool = False) -> list[Path]:
    """Write ``<name>_tasks.json`` for each file, and ``label_studio.xml``.

    Args:
        paths: canonical files of one data set, or answers of a model.
        out: folder of the new files.
        losses: told what is not written.
        address: where Label Studio finds an image; ``{}`` is its name.
        images: folder of the images that ``predictions.json`` names.
        boxes_only: whether to leave masks out.
    """
    if '{}' not in address:
        raise ValueError(f'the address of images is {address!r}; expected one with '
                         '{} where the name stands')
    canonical, answers = split_answers(paths)
    files, meta = read_meta(canonical) if canonical else ([], {})
    writer = _Tasks(address, boxes_only, losses, meta)
    written = [write_json(out / f'{file.name}_{file.split}_tasks.json',
                          writer.of_lines(file)) for file in files]
    written += [write_json(out / f'{path.stem}_tasks.json',
                           writer.of_answers(path, images))
                for path in answers]
    config = out / CONFIG
    write_whole(config, labeling_config(list(writer.used)))
    return [*written, config]


def labeling_config(labels: list[str]) -> str:
    """Return the XML of the labeling interface, for its code editor.

    Args:
        labels: names of classes.
    """
    rows = ['<View>', f'  <Image name="{IMAGE}" value="${IMAGE}" zoom="true"/>']
    for kind, control in CONTROLS.items():
        rows += [f'  <{control} name="{kind}" toName="{IMAGE}">',
                 *(f'    <Label value={quoteattr(label)}/>' for label in labels),
                 f'  </{control}>']
    rows += [f'  <TextArea name="{TEXT}" toName="{IMAGE}" perRegion="true" '
             'editable="true" required="true"',
             '            placeholder="the sentence that means this region"/>',
             '</View>']
    return '\n'.join(rows) + '\n'


class _Tasks:
    """Makes tasks; ``used`` are the labels of their regions."""

    def __init__(self, address: str, boxes_only: bool, losses: Losses,
                 meta: dict) -> None:
        self._address = address
        self._boxes_only = boxes_only
        self._losses = losses
        names = meta.get('categories') or {}
        self._labels = names if len(names) <= MOST_LABELS else {}
        self.used: dict[str, None] = dict.fromkeys([LABEL])

    def of_lines(self, file: CanonicalFile) -> list[dict]:
        """Return the tasks of canonical lines, with annotations."""
        tasks = []
        for number, line in enumerate(file, 1):
            place = f'{file.path.name} line:{number}'
            image = line['image']
            regions = list(self._regions(line, file.path.parent, place))
            tasks.append(self._task(
                image['file'], (image['width'], image['height']), regions,
                'annotations', split=file.split))
        return tasks

    def of_answers(self, path: Path, images: Optional[Path]) -> list[dict]:
        """Return the tasks of a model's answers, with predictions; one an image."""
        found: dict[str, list[Region]] = {}
        sizes = {}
        for answer in read_answers(path, images):
            regions = found.setdefault(answer.image, [])
            sizes[answer.image] = answer.size
            if not answer.found:
                self._losses.add('left out: sentences with no target', answer.place)
            regions += [Region(item, LABEL, [answer.text]) for item in answer.found]
        return [self._task(image, sizes[image], regions, 'predictions',
                           model_version=path.stem) for image, regions in found.items()]

    def _regions(self, line: dict, root: Path, place: str) -> Iterator[Region]:
        """Yield the objects that sentences mean."""
        alone: dict[int, list[str]] = {}
        together: list[tuple[int, list[str]]] = []
        for expr in line['exprs']:
            where = f'{place} expression {expr["id"]}'
            if expr.get('caption') or not expr['targets']:
                kind = 'captions' if expr.get('caption') else (
                    'sentences with no target')
                self._losses.add(f'left out: {kind}', where)
                continue
            self._losses.add_facts(expr, HELD, where)
            self._losses.add('not held: ids', where)
            if len(expr['targets']) == 1:
                alone.setdefault(expr['targets'][0], []).append(expr['text'])
            else:
                together += [(target, [expr['text']]) for target in expr['targets']]
        for target, texts in [*sorted(alone.items()), *together]:
            instance = line['instances'][target]
            label = self._labels.get(str(instance.get('category_id')), LABEL)
            yield Region(Found(bbox_of(instance, line['image'], root),
                               segm_of(instance, root), None), label, texts)

    def _task(self, name: str, size: tuple[int, int], regions: list[Region],
              kind: str, split: Optional[str] = None, **more: object) -> dict:
        """Return a task with one annotation or prediction."""
        result: list[dict] = []
        for number, region in enumerate(regions, 1):
            self.used[region.label] = None
            result += self._items(f'r{number}', region, size)
        scores = [region.found.score for region in regions
                  if region.found.score is not None]
        if scores and kind == 'predictions':
            more['score'] = min(scores)
        data = {IMAGE: self._address.replace('{}', quote(name, safe='/:'))}
        if split is not None:
            data['split'] = split
        return {'data': data, kind: [dict(result=result, **more)]}

    def _items(self, key: str, region: Region, size: tuple[int, int]) -> list[dict]:
        """Return a region and its sentences."""
        kind, value = self._shape(region.found, size)
        common = dict(id=key, to_name=IMAGE, original_width=size[0],
                      original_height=size[1], image_rotation=0)
        shape = dict(common, type=f'{kind}labels', from_name=kind,
                     value={**value, f'{kind}labels': [region.label]})
        if region.found.score is not None:
            shape['score'] = region.found.score
        # a brush is long, and known by its id
        place = {} if kind == 'brush' else value
        return [shape, dict(common, type='textarea', from_name=TEXT,
                            value={**place, 'text': region.texts})]

    def _shape(self, found: Found, size: tuple[int, int]) -> tuple[str, Mapping]:
        """Return the kind of a region, and its place in percent of the image."""
        width, height = size
        if found.segm and not self._boxes_only:
            polygons = found.segm.get('poly', ())
            if len(polygons) == 1:
                part = polygons[0]
                return 'polygon', dict(closed=True, points=[
                    [_percent(x, width), _percent(y, height)]
                    for x, y in zip(part[::2], part[1::2], strict=True)])
            mask = decode_segmentation(found.segm, height, width)
            if mask.any():
                return 'brush', dict(format='rle', rle=encode_brush(mask))
        x1, y1, x2, y2 = found.bbox
        x, y = _percent(x1, width), _percent(y1, height)
        return 'rectangle', dict(x=x, y=y, width=_percent(x2, width) - x,
                                 height=_percent(y2, height) - y, rotation=0)


def _percent(value: float, whole: int) -> float:
    return min(max(100 * value / whole, 0.0), 100.0)
