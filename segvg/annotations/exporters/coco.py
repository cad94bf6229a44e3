"""Export to COCO's form with the sentences of each object, as own data are read.

FiftyOne reads it too: every further field of an annotation becomes an attribute of its
detection, and ``score`` its confidence.
"""
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.exporters.answers import read_answers, split_answers
from segvg.annotations.exporters.base import Losses, read_meta, write_json
from segvg.annotations.exporters.instances import Instances

FIELD = 'sentences'
ANSWERED = 'sentence'
HELD = ('ref_id',)


def export_coco(paths: list[Path], out: Path, losses: Losses, *,
                images: Optional[Path] = None) -> list[Path]:
    """Write ``<name>_<split>.json``: an annotation an object, with its ``sentences``.

    Answers of a model become ``<file>.json``: an annotation for each object that was
    found, with its ``sentence`` and ``score``. Sentences about several annotated
    objects, or none, have no place in it.

    Args:
        paths: canonical files of one data set, or answers of a model.
        out: folder of the new files.
        losses: told what is not written.
        images: folder of the images that ``predictions.json`` names.
    """
    return [write_json(out / f'{name}.json', content)
            for name, content in coco_contents(paths, losses, images)]


def export_fiftyone(paths: list[Path], out: Path, losses: Losses, *,
                    images: Optional[Path] = None) -> list[Path]:
    """Write a folder that FiftyOne imports as a ``COCODetectionDataset``.

    That is ``<name>/labels.json``, the file of ``export_coco``, and
    ``<name>/data.json``, which says where each image is (``data_path='data.json'``); no
    image is copied.

    Args:
        paths: canonical files of one data set, or answers of a model.
        out: folder of the new folders.
        losses: told what is not written.
        images: folder of the images; by default names begin in the current folder.

    Raises:
        FileNotFoundError: an image does not exist.
    """
    root = (images or Path()).resolve()
    written = []
    for name, content in coco_contents(paths, losses, images):
        places = {image['file_name']: str(root / image['file_name'])
                  for image in content['images']}
        missing = next((place for place in places.values()
                        if not Path(place).is_file()), None)
        if missing is not None:
            raise FileNotFoundError(f'{missing} does not exist; --images names the '
                                    'folder of the images')
        written += [write_json(out / name / 'labels.json', content),
                    write_json(out / name / 'data.json', places)]
    return written


def coco_contents(paths: list[Path], losses: Losses,
                  images: Optional[Path]) -> Iterator[tuple[str, dict]]:
    """Yield name and content of each file; the arguments are those of ``export_coco``.
    """
    canonical, answers = split_answers(paths)
    files, meta = read_meta(canonical) if canonical else ([], {})
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
        yield f'{file.name}_{file.split}', instances.content(file.name, meta)
    for path in answers:
        yield path.stem, _content_of_answers(path, images, losses)


def _content_of_answers(path: Path, images: Optional[Path], losses: Losses) -> dict:
    """Return the content of a file for the objects that a model found."""
    instances = Instances(Losses())  # made-up fields of answers are no losses
    for answer in read_answers(path, images):
        image = dict(id=f'file:{answer.image}', file=answer.image,
                     width=answer.size[0], height=answer.size[1])
        instances.add_image(image, answer.place)
        if not answer.found:
            losses.add('left out: sentences with no target', answer.place)
        for found in answer.found:
            instance = dict(id=len(instances.annotations) + 1, bbox=found.bbox,
                            segm=found.segm)
            record = instances.annotations[instances.add(
                instance, image, path.parent, answer.place)]
            record[ANSWERED] = answer.text
            if found.score is not None:
                record['score'] = found.score
    return instances.content(path.stem, {})


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
