"""Export to COCO's form with the sentences of each object, as own data are read."""
from pathlib import Path

from segvg.annotations.exporters.base import Losses, read_meta, write_json
from segvg.annotations.exporters.instances import Instances

FIELD = 'sentences'
HELD = ('ref_id',)


def export_coco(paths: list[Path], out: Path, losses: Losses) -> list[Path]:
    """Write ``<name>_<split>.json``: an annotation an object, with its ``sentences``.

    Sentences about several objects, or none, have no place in it.
    """
    files, meta = read_meta(paths)
    written = []
    for file in files:
        instances = Instances(losses)
        for number, line in enumerate(file, 1):
            place = f'{file.path.name} line:{number}'
            image = line['image']
            instances.add_image(image, place, split=file.split)
            records = [instances.annotations[instances.add(
                item, image, file.path.parent, place)] for item in line['instances']]
            for expr in line['exprs']:
                _add_sentence(expr, records, losses, f'{place} expression {expr["id"]}')
        written.append(write_json(out / f'{file.name}_{file.split}.json',
                                  instances.content(file.name, meta)))
    return written


def _add_sentence(expr: dict, records: list[dict], losses: Losses, place: str) -> None:
    """Write a sentence to the record of its object."""
    if expr.get('caption'):
        losses.add('left out: captions', place)
    elif len(expr['targets']) != 1:
        kind = 'several targets' if expr['targets'] else 'no target'
        losses.add(f'left out: sentences with {kind}', place)
    else:
        losses.add_facts(expr, HELD, place)
        losses.add('not held: ids of sentences', place)
        records[expr['targets'][0]].setdefault(FIELD, []).append(expr['text'])
