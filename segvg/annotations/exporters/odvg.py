"""Export to ODVG: JSON lines of captions and regions, as mmdet trains on them."""
import json
from pathlib import Path

from segvg.annotations.exporters.base import Losses, bbox_of, held_phrases, read_meta
from segvg.utils.files import whole_file

HELD = ('phrases',)


def export_odvg(paths: list[Path], out: Path, losses: Losses) -> list[Path]:
    """Write ``<name>_<split>_vg.json``, a line for every expression with a box."""
    files, _ = read_meta(paths)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for file in files:
        path = out / f'{file.name}_{file.split}_vg.json'
        with whole_file(path) as stream:
            for number, line in enumerate(file, 1):
                place = f'{file.path.name} line:{number}'
                for expr in line['exprs']:
                    record = _record(expr, line, file.path.parent, losses,
                                     f'{place} expression {expr["id"]}')
                    if record:
                        text = json.dumps(record, ensure_ascii=False,
                                          separators=(',', ':'))
                        stream.write(text.encode() + b'\n')
        if file.split not in ('train', 'val', 'test'):
            losses.add('not held: name of the split', path.name)
        written.append(path)
    return written


def _record(expr: dict, line: dict, root: Path, losses: Losses, place: str) -> dict:
    """The record of an expression; empty when it has no box."""
    image, instances, text = line['image'], line['instances'], expr['text']
    regions = _regions(expr, losses, place)
    if not regions:
        kind = 'captions without a box' if expr.get('caption') else (
            'sentences with no target')
        losses.add(f'left out: {kind}', place)
        return {}
    losses.add_facts(expr, HELD, place)
    losses.add('not held: ids', place)
    if any(instances[target].get('segm') for _, targets in regions
           for target in targets):
        losses.add('not held: masks', place)
    return dict(
        filename=image['file'], height=image['height'], width=image['width'],
        grounding=dict(caption=text, regions=[
            dict(bbox=_boxes([bbox_of(instances[i], image, root) for i in targets]),
                 phrase=_phrase(text, span), tokens_positive=span)
            for span, targets in regions]))


def _regions(expr: dict, losses: Losses, place: str) -> list[tuple[list, list]]:
    """Spans and targets: of the phrases, else of the whole text."""
    regions = [(phrase['span'], phrase['targets'])
               for phrase in held_phrases(expr, losses, place)]
    named = {target for _, targets in regions for target in targets}
    rest = [target for target in expr['targets'] if target not in named]
    if rest:
        losses.add('made up: spans, of the whole text', place)
        regions.append(([[0, len(expr['text'])]], rest))
    return regions


def _boxes(bboxes: list) -> list:
    return bboxes[0] if len(bboxes) == 1 else bboxes


def _phrase(text: str, span: list) -> object:
    parts = [text[begin:end] for begin, end in span]
    return parts[0] if len(parts) == 1 else parts
