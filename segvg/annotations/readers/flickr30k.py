"""Flickr30k Entities: captions whose phrases have boxes."""
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional
from xml.etree.ElementTree import Element

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.xml import load_xml
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import UniqueIds, is_size
from segvg.annotations.readers.images import ImageChecks, image_of, is_inside
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.text_files import TextLine, read_text_lines

OPENING = '[/EN#'
TAG = re.compile(r'\[/EN#(?P<chain>[^/]+)(?P<types>(?:/[^/]+)*)')
WORD = re.compile(r'[^ \t\r\n\f\v]+')


@dataclass
class Phrase:
    """Words in brackets; ``span`` is None while there are none."""

    chain: str
    types: list[str]
    span: Optional[list[int]] = None


@dataclass
class Sentence:
    """A caption without its brackets.

    Attributes:
        text: words joined by single blanks.
        phrases: in the order of the text.
        notes: codes of what is odd, with values.
        error: code and value of what makes the sentence useless.
    """

    text: str = ''
    phrases: list[Phrase] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    error: Optional[tuple[str, str]] = None


def parse_sentence(line: str) -> Sentence:
    """Take the brackets out of a line, and note what they hold."""
    sentence, phrase = Sentence(), None
    for word in WORD.findall(line):
        tagged = OPENING in word
        if tagged:
            tag, closing, rest = word.partition(']')
            match = TAG.fullmatch(tag)
            if phrase is not None or not word.startswith(OPENING):
                sentence.error = ('sentence_unclosed_bracket', line)
                return sentence
            if not match:
                sentence.error = ('bad_type', f'{tag} is no phrase')
                return sentence
            phrase = Phrase(match['chain'], match['types'].split('/')[1:])
            if not phrase.types:
                sentence.notes.append(('bad_type', f'{tag} has no type'))
            word = closing + rest
        if phrase is None or ']' not in word:
            _add_word(sentence, word, phrase)
            continue
        last, _, rest = word.partition(']')
        if not last and not tagged:
            sentence.notes.append(('sentence_space_before_bracket', line))
        _add_word(sentence, last, phrase)
        if phrase.span is None:
            sentence.notes.append(('span_empty', phrase.chain))
        else:
            sentence.phrases.append(phrase)
        phrase = None
        if last or tagged:
            sentence.text += rest
        else:
            _add_word(sentence, rest, None)
    if phrase is not None:
        sentence.error = ('sentence_unclosed_bracket', line)
    return sentence


def _add_word(sentence: Sentence, word: str, phrase: Optional[Phrase]) -> None:
    if not word:
        return
    if sentence.text:
        sentence.text += ' '
    start = len(sentence.text)
    sentence.text += word
    if phrase is not None:
        first = start if phrase.span is None else phrase.span[0]
        phrase.span = [first, len(sentence.text)]


CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')
FLAGS = dict(scene='scene', nobox='nobndbox')


@dataclass
class ChainObject:
    """An ``object`` element.

    Attributes:
        chains: ids of the chains it is in.
        bbox: xmin, ymin, xmax, ymax as stored.
        flags: ``scene`` and ``nobox``, when the element says 1.
        errors: what makes it useless.
        notes: fields that say neither 0 nor 1.
    """

    chains: list[str]
    bbox: Optional[list[float]] = None
    flags: set[str] = field(default_factory=set)
    errors: Errors = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def text_of(element: Optional[Element]) -> str:
    """The text of an element without blanks around it."""
    return '' if element is None else (element.text or '').strip()


def image_size(root: Element) -> tuple[Optional[tuple[int, int]], Errors]:
    """Width and height that an annotation gives, or what is wrong with them."""
    sides = []
    for name in ('width', 'height'):
        element = root.find(f'size/{name}')
        text = text_of(element)
        if element is None:
            return None, [('missing_field', f'size/{name}')]
        if not (text.isascii() and text.isdigit() and len(text) < 10) or (
                not is_size(int(text))):
            return None, [('bad_type', f'size/{name}: {text!r:.80}')]
        sides.append(int(text))
    return tuple(sides), []


def parse_object(element: Element) -> ChainObject:
    """Read an ``object`` element."""
    found = ChainObject([text_of(name) for name in element.findall('name')])
    if not found.chains:
        found.errors.append(('missing_field', 'name'))
    box = element.find('bndbox')
    for flag, name in FLAGS.items():
        child = element.find(name)
        if text_of(child) == '1':
            found.flags.add(flag)
        elif child is not None and text_of(child) != '0':
            found.notes.append(f'{name}: {text_of(child)!r:.80}')
    if box is not None:
        _parse_box(box, found)
    elif all(element.find(name) is None for name in FLAGS.values()):
        found.errors.append(('missing_field', 'bndbox'))
    return found


def _parse_box(element: Element, found: ChainObject) -> None:
    found.bbox = []
    for name in CORNERS:
        child = element.find(name)
        if child is None:
            found.errors.append(('missing_field', f'bndbox/{name}'))
            continue
        try:
            found.bbox.append(float(text_of(child)))
        except ValueError:
            found.errors.append(('bad_type',
                                 f'bndbox/{name}: {text_of(child)!r:.80}'))


class ObjectParser:
    """The objects of one image, each checked when a phrase first names it.

    Args:
        root: the annotation.
        place: its file.
        image: of the group line, or None.
        ids: for the report.
        report: takes the findings.
        options: how much to check.
    """

    def __init__(self, root: Element, place: Place, image: Optional[dict], *,
                 ids: dict, report: Report, options: ReadOptions) -> None:
        self._objects = [parse_object(element) for element in root.findall('object')]
        self._place = place
        self._ids = ids
        self._report = report
        self._options = options
        self._size = (image['width'], image['height']) if image else (
            math.inf, math.inf)
        self._instances: dict[int, Optional[dict]] = {}
        self._numbers: dict[str, list[int]] = {}
        for number, found in enumerate(self._objects):
            for chain in dict.fromkeys(found.chains):
                self._numbers.setdefault(chain, []).append(number)
        self._compared: set[str] = set()

    def knows(self, chain: str) -> bool:
        """Whether a chain has an object, with or without a box."""
        return chain in self._numbers

    def boxes(self, chain: str) -> list[dict]:
        """Usable boxes of a chain, as instances of a group line."""
        numbers = self._numbers.get(chain, [])
        self._compare(chain, numbers)
        return [instance for instance in map(self._instance, numbers) if instance]

    def flags(self, chain: str) -> set[str]:
        """What the objects of a chain say of it: ``scene``, ``nobox``."""
        return set().union(*(self._objects[number].flags
                             for number in self._numbers.get(chain, ())))

    def others(self) -> list[dict]:
        """Usable boxes that no phrase has named."""
        numbers = [number for number in range(len(self._objects))
                   if number not in self._instances]
        return [instance for instance in map(self._instance, numbers) if instance]

    def _compare(self, chain: str, numbers: list[int]) -> None:
        """Report objects of a chain that have or claim no box where there is one."""
        if chain in self._compared or self._options.check < Check.FAST:
            return
        self._compared.add(chain)
        objects = {number: self._objects[number] for number in numbers}
        if all(found.bbox is None for found in objects.values()):
            return
        for number, found in objects.items():
            if found.bbox is not None and 'nobox' not in found.flags:
                continue
            self._report.add('nobox_conflict', self._place_of(number), value=chain,
                             **self._ids)

    def _instance(self, number: int) -> Optional[dict]:
        if number not in self._instances:
            self._instances[number] = self._check(number)
        return self._instances[number]

    def _check(self, number: int) -> Optional[dict]:
        found, place = self._objects[number], self._place_of(number)
        for note in found.notes:
            self._report.add('bad_type', place, value=note, **self._ids)
        errors, instance = found.errors, None
        if found.bbox is not None and not errors:
            x1, y1, x2, y2 = found.bbox
            instance, errors = check_object(
                SourceObject(str(number), [x1 - 1, y1 - 1, x2, y2], place,
                             has_mask=False),
                *self._size, self._report, self._options, **self._ids)
        for code, value in errors:
            self._report.add(code, place, 'box_dropped', value=value, **self._ids)
        return None if errors else instance

    def _place_of(self, number: int) -> Place:
        return self._place.child(f'object[{number}]')


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
