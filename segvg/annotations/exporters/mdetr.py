"""Export to MDETR's json: one image entry per expression."""
from pathlib import Path

from segvg.annotations.exporters.base import (
    Losses,
    Numbers,
    bbox_of,
    held_phrases,
    read_meta,
    write_json,
)

HELD = ('phrases',)
NO_TARGET = dict(bbox=[0, 0, 0, 0], area=-1, iscrowd=-1, category_id=-1, empty=True,
                 original_id=-1)


def export_mdetr(paths: list[Path], out: Path, losses: Losses) -> list[Path]:
    """Write ``finetune_<name>_<split>.json``.

    Captions go into ``final_mixed_<split>.json``. What is written is the ``text``: that
    is what spans are of.
    """
    files, meta = read_meta(paths)
    categories = [dict(id=int(key), name=name, supercategory='')
                  for key, name in (meta.get('categories') or {1: 'object'}).items()]
    written = []
    numbers = {what: Numbers(what, losses) for what in ('image', 'annotation')}
    for file in files:
        contents = {caption: dict(info={}, licenses=[], images=[], annotations=[],
                                  categories=categories) for caption in (False, True)}
        for number, line in enumerate(file, 1):
            place = f'{file.path.name} line:{number}'
            for expr in line['exprs']:
                content = contents[bool(expr.get('caption'))]
                _add_entry(content, expr, line, file.path.parent, numbers, losses,
                           place=f'{place} expression {expr["id"]}')
        names = {False: f'finetune_{file.name}_{file.split}.json',
                 True: f'final_mixed_{file.split}.json'}
        written += [write_json(out / names[caption], content)
                    for caption, content in contents.items() if content['images']]
    return written


def _add_entry(content: dict, expr: dict, line: dict, root: Path,
               numbers: dict[str, Numbers], losses: Losses, *, place: str) -> None:
    """Add an expression and its boxes."""
    losses.add_facts(expr, HELD, place)
    image, text = line['image'], expr['text']
    number = len(content['images'])
    content['images'].append(dict(
        id=number, file_name=image['file'], width=image['width'],
        height=image['height'], caption=text, tokens_negative=[],
        original_id=numbers['image'].of(image['id'], image['id'].partition(':')[2],
                                        place),
        dataset_name='mixed' if expr.get('caption') else 'refexp'))
    spans = _spans(expr, losses, place)
    if not spans and not expr.get('caption'):
        _append(content, number, dict(NO_TARGET, tokens_positive=_whole(text)))
    for target in spans:
        instance = line['instances'][target]
        if instance.get('segm'):
            losses.add('not held: masks', place)
        category_id = instance.get('category_id')
        if category_id is None:
            losses.add('made up: categories', place)
            category_id = content['categories'][0]['id']
        x1, y1, x2, y2 = bbox_of(instance, image, root)
        _append(content, number, dict(
            bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1),
            iscrowd=instance.get('iscrowd', 0), tokens_positive=spans[target],
            category_id=category_id,
            original_id=numbers['annotation'].of((image['id'], instance['id']),
                                                 instance['id'], place)))


def _append(content: dict, image_id: int, annotation: dict) -> None:
    content['annotations'].append(dict(
        id=len(content['annotations']), image_id=image_id, **annotation))


def _spans(expr: dict, losses: Losses, place: str) -> dict[int, list]:
    """The spans of every target: of its phrases, else the whole text."""
    spans: dict[int, list] = {}
    for phrase in held_phrases(expr, losses, place):
        for target in phrase['targets']:
            spans.setdefault(target, []).extend(phrase['span'])
    for target in expr['targets']:
        if target not in spans:
            losses.add('made up: spans, of the whole text', place)
            spans[target] = _whole(expr['text'])
    return {target: sorted(spans[target]) for target in sorted(spans)}


def _whole(text: str) -> list[list[int]]:
    return [[0, len(text)]]
