"""The files of a data set: REFER, gRefCOCO and canonical form, and the scenes."""
import json
import pickle
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Iterable, Iterator

from segvg.annotations.canonical import CanonicalWriter
from segvg.synthref.facts import members_of
from segvg.synthref.forms import to_json
from segvg.synthref.grammar import Wording
from segvg.synthref.images import ImageRecord
from segvg.synthref.levels import SPLITS, Level
from segvg.synthref.sentences import Sentence
from segvg.utils.files import whole_file, write_whole


@dataclass(frozen=True)
class Ref:
    """Sentences with the same targets, numbered."""

    ref_id: int
    targets: tuple[int, ...]
    sentences: list[tuple[int, Sentence]]


@dataclass(frozen=True)
class Entry:
    """An image with the numbers that all output forms share."""

    image_id: int
    record: ImageRecord
    ann_ids: list[int]
    refs: list[Ref]

    @property
    def file_name(self) -> str:
        """Return the name of the image file."""
        return f'synth_{self.image_id:012d}.jpg'


def number_records(records: Iterable[ImageRecord],
                   first_image_id: int = 1) -> Iterator[Entry]:
    """Number images, and objects, refs and sentences, each from 1, in order."""
    ann_ids, ref_ids, sent_ids = count(1), count(1), count(1)
    for image_id, record in enumerate(records, first_image_id):
        refs = [Ref(next(ref_ids), group[0].targets,
                    [(next(sent_ids), sentence) for sentence in group])
                for group in _group(record.sentences)]
        yield Entry(image_id, record, [next(ann_ids) for _ in record.boxes], refs)


def _group(sentences: list[Sentence]) -> list[list[Sentence]]:
    """Group by targets: single ones by object, then several, then each without."""
    groups: dict[tuple, list[Sentence]] = {}
    for place, sentence in enumerate(sentences):
        alone = place if sentence.kind == 'none' else -1
        groups.setdefault((sentence.targets, alone), []).append(sentence)
    order = ('single', 'multi', 'none')
    return sorted(groups.values(), key=lambda group: (
        order.index(group[0].kind), group[0].targets))


def write_json(path: Path, content: object) -> None:
    """Write compact JSON."""
    write_whole(path, json.dumps(content, separators=(',', ':')))


def write_scenes(path: Path, entries: list[Entry]) -> None:
    """Write one line an image: objects, and the forms of its sentences by sent_id."""
    with whole_file(path) as file:
        for entry in entries:
            scene = entry.record.scene.to_dict()
            for item, ann_id in zip(scene['objects'], entry.ann_ids):
                item['ann_id'] = ann_id
            sentences = {sent_id: _describe(sentence) for ref in entry.refs
                         for sent_id, sentence in ref.sentences}
            line = dict(image_id=entry.image_id, split=entry.record.split, **scene,
                        sentences=sentences)
            file.write(json.dumps(line, separators=(',', ':')).encode() + b'\n')


def _describe(sentence: Sentence) -> dict:
    return dict(form=to_json(sentence.form), type=sentence.type,
                targets=list(sentence.targets), style=sentence.wording.style,
                template=sentence.wording.template, redundant=sentence.redundant,
                long=sentence.long, negative=sentence.negative)


def write_instances(path: Path, entries: list[Entry], level: Level) -> None:
    """Write ``instances.json``: all objects of all images, COCO's shape."""
    categories = [dict(id=number, name=shape, supercategory='shape')
                  for number, shape in enumerate(level.shapes, 1)]
    images = [dict(id=entry.image_id, file_name=entry.file_name,
                   width=entry.record.scene.width, height=entry.record.scene.height)
              for entry in entries]
    annotations = [
        dict(id=ann_id, image_id=entry.image_id,
             category_id=_category(level, entry, index),
             bbox=[x1, y1, x2 - x1, y2 - y1], area=entry.record.areas[index],
             iscrowd=0, segmentation=entry.record.segmentations[index])
        for entry in entries
        for index, (ann_id, (x1, y1, x2, y2)) in enumerate(
            zip(entry.ann_ids, entry.record.boxes))]
    write_json(path, dict(
        info=dict(description=f'SynthRef {level.name}'), licenses=[], images=images,
        annotations=annotations, categories=categories))


def _category(level: Level, entry: Entry, index: int) -> int:
    return level.shapes.index(entry.record.scene.objects[index].shape) + 1


def write_refer(path: Path, entries: list[Entry], level: Level) -> None:
    """Write ``refs(synth).p``: sentences with one target."""
    refs = [_ref(entry, ref, level, ann_id=entry.ann_ids[ref.targets[0]],
                 category_id=_category(level, entry, ref.targets[0]))
            for entry in entries for ref in entry.refs if len(ref.targets) == 1]
    write_whole(path, pickle.dumps(refs, protocol=2))


def write_grefcoco(path: Path, entries: list[Entry], level: Level) -> None:
    """Write ``grefs(synth).json``: all sentences, -1 where there is no target."""
    refs = []
    for entry in entries:
        for ref in entry.refs:
            ann_ids = [entry.ann_ids[index] for index in ref.targets]
            categories = sorted({_category(level, entry, index)
                                 for index in ref.targets})
            refs.append(_ref(entry, ref, level, ann_id=ann_ids or [-1],
                             category_id=categories or [-1], no_target=not ann_ids))
    write_json(path, refs)


def _ref(entry: Entry, ref: Ref, level: Level, **targets: object) -> dict:
    ann_id = targets['ann_id']
    ann_id = ann_id[0] if isinstance(ann_id, list) else ann_id
    # REFER's habit: the image's name with the id of the object, where there is one
    suffix = '' if ann_id == -1 else f'_{ann_id}'
    sentences = []
    for sent_id, sentence in ref.sentences:
        raw, sent = (_as_made_here(text, level)
                     for text in (sentence.wording.raw, sentence.wording.sent))
        sentences.append(dict(raw=raw, sent=sent, sent_id=sent_id, tokens=sent.split()))
    split = SPLITS[SPLITS.index(entry.record.split)]
    return dict(ref_id=ref.ref_id, image_id=entry.image_id, split=split,
                file_name=entry.file_name.replace('.jpg', f'{suffix}.jpg'),
                sent_ids=[sentence['sent_id'] for sentence in sentences],
                sentences=sentences, **targets)


def _as_made_here(text: str, level: Level) -> str:
    """Return a text as the object that it is when this process made its image.

    A pickle tells equal texts from one text that occurs twice. Below L2 a sentence of
    one word is that word of the table, the same for all images of a process.
    """
    return text if level.compound or ' ' in text else sys.intern(text)


def write_canonical(out_dir: Path, name: str, entries: list[Entry], level: Level,
                    meta: dict) -> None:
    """Write the canonical files; ``meta`` is joined to what the writer knows."""
    meta = dict(meta, dataset=name, categories={
        str(number): shape for number, shape in enumerate(level.shapes, 1)})
    with CanonicalWriter(out_dir, name, meta) as writer:
        for line_number, entry in enumerate(entries):
            writer.write(_canonical_line(entry, name, level, line_number))


def named_objects(sentences: Iterable[Sentence]) -> list[int]:
    """Return the objects that sentences are about or name as landmarks, sorted."""
    named: set[int] = set()
    for sentence in sentences:
        named.update(sentence.targets, *(
            members_of(phrase.objects) for phrase in sentence.wording.phrases or ()))
    return sorted(named)


def describe_phrases(wording: Wording, named: list[int]) -> list[dict]:
    """Return the phrases of a wording; ``named`` are the instances of its line."""
    return [dict(span=[list(phrase.span)], id=str(number),
                 targets=[named.index(index) for index in members_of(phrase.objects)])
            for number, phrase in enumerate(wording.phrases)]


def describe_image(entry: Entry, named: list[int], folder: str, level: Level) -> dict:
    """Return a group line without expressions, with the objects of ``named``."""
    record, instances = entry.record, []
    for index in named:
        form = record.segmentations[index]
        instances.append(dict(
            id=entry.ann_ids[index], bbox=[float(edge) for edge in record.boxes[index]],
            category_id=_category(level, entry, index), iscrowd=0,
            area=record.areas[index],
            segm=dict(rle=form) if isinstance(form, dict) else dict(poly=form)))
    image = dict(id=f'synth:{entry.image_id}', file=f'{folder}/{entry.file_name}',
                 width=record.scene.width, height=record.scene.height)
    return dict(image=image, split=record.split, instances=instances, exprs=[])


def _canonical_line(entry: Entry, name: str, level: Level, line_number: int) -> dict:
    """Make the group line of an image, with the objects that a sentence names."""
    named = named_objects(entry.record.sentences)
    line = describe_image(entry, named, name, level)
    for ref in entry.refs:
        for sent_id, sentence in ref.sentences:
            wording = sentence.wording
            cleaned = {} if wording.sent == wording.raw else dict(sent=wording.sent)
            phrases = {} if wording.phrases is None else dict(
                phrases=describe_phrases(wording, named))
            line['exprs'].append(dict(
                id=sent_id, ref_id=ref.ref_id, text=wording.raw, **cleaned,
                targets=[named.index(index) for index in ref.targets],
                src=[0, line_number], **phrases))
    return line
