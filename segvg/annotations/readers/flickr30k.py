"""Flickr30k Entities: captions whose phrases have boxes."""
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.xml import load_xml
from segvg.annotations.readers.base import ReadOptions, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import UniqueIds
from segvg.annotations.readers.flickr30k_objects import (
    ObjectParser,
    image_size,
    text_of,
)
from segvg.annotations.readers.flickr30k_sentences import Sentence, parse_sentence
from segvg.annotations.readers.images import ImageChecks, image_of, is_inside
from segvg.annotations.readers.text_files import TextLine, read_text_lines

SPLITS = ('train', 'val', 'test')
UNRELATED = 'UNRELATED_CAPTIONS'
CAPTIONS_OF_AN_IMAGE = 5
NOT_VISUAL = '0'  # chain of phrases that never have a box


def find_flickr30k_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds the annotations, sentences and split lists."""
    for source in sources:
        lists = [source / f'{split}.txt' for split in SPLITS]
        if not (source / 'Annotations').is_dir() or not any(
                path.is_file() for path in lists):
            raise FileNotFoundError(
                f'{source} is expected to hold Annotations/, Sentences/ and '
                f'{", ".join(path.name for path in lists)}')
    return [Flickr30kSet(source, options.dataset) for source in sources]


class Flickr30kSet(SourceSet):
    """The images of the split lists of one folder."""

    source_box = 'Flickr30k Entities: inclusive corners from 1 on'
    text_field = 'sentence without brackets'
    file_per_split = True

    def __init__(self, root: Path, name: Optional[str]) -> None:
        super().__init__(
            name or 'flickr30k_entities', 'flickr30k_entities', None,
            files=[root / f'{split}.txt' for split in SPLITS
                   if (root / f'{split}.txt').is_file()])
        self.root = root

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all listed images and yield group lines."""
        reading = _Parser(self, report=report, options=options)
        for number, path in enumerate(self.files):
            listed, listings = UniqueIds(), read_text_lines(path)
            for line in options.progress(listings, path.name):
                place = Place(path.name, f'line:{line.number}')
                name = line.text.strip()
                _, again = listed.take(name)
                if again:
                    report.add('id_duplicate', place, value=name)
                reading.read_image(name, path.stem, place, [number, line.number - 1])
        reading.report_unrelated()
        self.image_dirs = reading.images.dirs
        yield from reading.collector.grouper.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: Flickr30kSet, *, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.report = report
        self.options = options
        self.images = ImageChecks(report, options)
        self.collector = ExprCollector(report, options)
        self.expr_ids: dict[str, UniqueIds] = {}
        self.unrelated: dict[str, dict[int, Place]] = {}
        self._read_unrelated()

    def read_image(self, name: str, split: str, place: Place, src: list[int]) -> None:
        """Read the captions and boxes of an image that a split lists."""
        root = self.source.root
        paths = [root / 'Annotations' / f'{name}.xml',
                 root / 'Sentences' / f'{name}.txt']
        number = int(name) if name.isascii() and name.isdigit() and (
            len(name) < 19) else None
        ids = dict(image_id=f'flickr30k:{number}' if number is not None else
                   f'file:{name}.jpg')
        self.collector.check_leak(split, place, **ids)
        if '/' in name or not is_inside(name) or not all(
                os.path.isfile(path) for path in paths):
            self.source.read.add(split, ids['image_id'], 0)
            self.report.add('image_missing', place, 'skip', **ids,
                            value=f'{name} has no annotation or no sentences')
            return
        annotation = load_xml(paths[0])
        where = Place(f'Annotations/{name}.xml')
        captions = read_text_lines(paths[1])
        self.source.read.add(split, ids['image_id'], len(captions))
        size, errors = image_size(annotation)
        image, missing = self.images.check(
            image_of(f'{name}.jpg', size or (None, None), where.child('size'),
                     namespace='flickr30k', number=number))
        self._compare_name(annotation, f'{name}.jpg', where, ids)
        errors += [('image_missing', missing)] if missing else []
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        objects = ObjectParser(annotation, where, image, ids=ids, report=self.report,
                                options=self.options)
        self._read_captions(name, captions, objects, SourceExpr(
            dict(caption=True, src=src), split, None if errors else image, [], [],
            Place(f'Sentences/{name}.txt'), None, ids))
        self._check_unrelated(name, len(captions), ids)

    def _read_captions(self, name: str, captions: list[TextLine],
                       objects: ObjectParser, shared: SourceExpr) -> None:
        """Collect the captions of an image; ``shared`` is what all of them have."""
        if not captions and self.options.check >= Check.FAST:
            self.report.add('image_without_expressions', shared.place, **shared.ids)
        for index, line in enumerate(captions):
            expr_id = self._expr_id(shared.split, f'{name}#{index}')
            expr = replace(
                shared, record={'id': expr_id, **shared.record}, instances=[],
                errors=[], place=shared.place.child(f'line:{line.number}'),
                ids={**shared.ids, 'expr_id': expr_id})
            if index + 1 in self.unrelated.get(name, {}):
                expr.record['unrelated'] = True
            self._read_caption(line, expr, objects)
            self.collector.add(expr)
        if self.options.all_objects and shared.image is not None:
            for instance in objects.others():
                self.collector.grouper.add_object(shared.split, shared.image, instance)

    def _compare_name(self, annotation, name: str, place: Place, ids: dict) -> None:
        given = text_of(annotation.find('filename'))
        if given and given != name and self.options.check >= Check.FAST:
            self.report.add('file_name_mismatch', place.child('filename'), value=given,
                            **ids)

    def _expr_id(self, split: str, expr_id: str) -> object:
        return self.expr_ids.setdefault(split, UniqueIds()).take(expr_id)[0]

    def _read_caption(self, line: TextLine, expr: SourceExpr,
                      objects: ObjectParser) -> None:
        """Fill in the text, the phrases and their boxes."""
        sentence = parse_sentence(line.text)
        if line.latin1:
            self.report.add('bytes_decoded_latin1', expr.place, value=line.text,
                            **expr.ids)
        for code, value in sentence.notes:
            self.report.add(code, expr.place, value=value, **expr.ids)
        if sentence.error:
            expr.errors.append(sentence.error)
            return
        expr.record.update(text=sentence.text,
                           phrases=self._phrases(sentence, expr, objects))

    def _phrases(self, sentence: Sentence, expr: SourceExpr,
                 objects: ObjectParser) -> list[dict]:
        numbers: dict[object, int] = {}
        phrases = []
        for phrase in sentence.phrases:
            chain, targets = phrase.chain, []
            if chain != NOT_VISUAL and not objects.knows(chain) and (
                    self.options.check >= Check.FAST):
                self.report.add('phrase_without_annotation', expr.place, value=chain,
                                **expr.ids)
            for instance in objects.boxes(chain):
                if instance['id'] not in numbers:
                    numbers[instance['id']] = len(expr.instances)
                    expr.instances.append(instance)
                targets.append(numbers[instance['id']])
            flags = () if targets else sorted(objects.flags(chain))
            phrases.append(dict(span=[phrase.span], targets=targets, id=chain,
                                types=phrase.types, **dict.fromkeys(flags, True)))
        return phrases

    def _read_unrelated(self) -> None:
        """Note which sentences are said not to be about their image."""
        path = self.source.root / UNRELATED
        for line in read_text_lines(path) if path.is_file() else ():
            place = Place(UNRELATED, f'line:{line.number}')
            parts = line.text.split()
            if line.text.lstrip().startswith('#'):
                continue
            if len(parts) != 2 or not (parts[1].isascii() and parts[1].isdigit()):
                self.report.add('bad_type', place, value=line.text)
                continue
            self.unrelated.setdefault(parts[0], {})[int(parts[1][:9])] = place

    def _check_unrelated(self, name: str, captions: int, ids: dict) -> None:
        """Report numbers of sentences that the image does not have."""
        for number, place in self.unrelated.pop(name, {}).items():
            if not 1 <= number <= captions:
                self.report.add('unrelated_out_of_range', place, value=number, **ids)

    def report_unrelated(self) -> None:
        """Report numbers that no image can have, of images that were not read."""
        for numbers in self.unrelated.values():
            for number, place in numbers.items():
                if not 1 <= number <= CAPTIONS_OF_AN_IMAGE:
                    self.report.add('unrelated_out_of_range', place, value=number)
