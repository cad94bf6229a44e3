"""Flickr30k Entities: captions whose phrases have boxes."""
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Optional
from xml.etree.ElementTree import Element

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.xml import load_xml
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import is_size
from segvg.annotations.readers.ids import UniqueIds
from segvg.annotations.readers.images import OWN, ImageChecks, image_of, is_inside
from segvg.annotations.readers.objects import checked_object
from segvg.annotations.readers.source_files import TextLine, read_text_lines
from segvg.annotations.readers.splits import SPLIT_ALIASES, split_of_file

LISTS = [f'{split}.txt' for split in ('train', 'val', *SPLIT_ALIASES, 'test')]
UNRELATED = 'UNRELATED_CAPTIONS'
CAPTIONS_OF_AN_IMAGE = 5
NOT_VISUAL = '0'  # chain of phrases that never have a box
OPENING = '[/EN#'
TAG = re.compile(r'\[/EN#(?P<chain>[^/]+)(?P<types>(?:/[^/]+)*)')
WORD = re.compile(r'[^ \t\r\n\f\v]+')
CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')
FLAGS = dict(scene='scene', nobox='nobndbox')


@dataclass
class Phrase:
    """Words in brackets; ``span`` is empty while there are none."""

    chain: str
    types: list[str]
    span: list[int] = field(default_factory=list)


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
    notes: Errors = field(default_factory=list)
    error: Optional[tuple[str, object]] = None


def parse_sentence(line: str) -> Sentence:
    """Take the brackets out of a line, and note what they hold."""
    sentence, phrase = Sentence(), None
    for word in WORD.findall(line):
        tagged = OPENING in word
        if tagged:
            tag, closing, rest = word.partition(']')
            if phrase is not None or not word.startswith(OPENING):
                sentence.error = ('sentence_unclosed_bracket', line)
                return sentence
            phrase = _open_phrase(sentence, tag)
            if phrase is None:
                return sentence
            word = closing + rest
        if phrase is None or ']' not in word:
            _add_word(sentence, word, phrase)
            continue
        last, _, rest = word.partition(']')
        if not last and not tagged:
            sentence.notes.append(('sentence_space_before_bracket', line))
        _add_word(sentence, last, phrase)
        if phrase.span:
            sentence.phrases.append(phrase)
        else:
            sentence.notes.append(('span_empty', phrase.chain))
        phrase = None
        if last or tagged:
            sentence.text += rest
        else:
            _add_word(sentence, rest, None)
    if phrase is not None:
        sentence.error = ('sentence_unclosed_bracket', line)
    return sentence


def _open_phrase(sentence: Sentence, tag: str) -> Optional[Phrase]:
    """The phrase that a tag begins; None, and an error, when it is not a tag."""
    match = TAG.fullmatch(tag)
    if not match:
        sentence.error = ('bad_type', f'{tag} does not begin a phrase')
        return None
    phrase = Phrase(match['chain'], match['types'].split('/')[1:])
    if not phrase.types:
        sentence.notes.append(('bad_type', f'{tag} has no type'))
    return phrase


def _add_word(sentence: Sentence, word: str, phrase: Optional[Phrase]) -> None:
    if not word:
        return
    if sentence.text:
        sentence.text += ' '
    start = len(sentence.text)
    sentence.text += word
    if phrase is not None:
        first = phrase.span[0] if phrase.span else start
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
    return (sides[0], sides[1]), []


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


class _ObjectParser:
    """The objects of one image, each checked when a phrase first names it.

    Args:
        ctx: that of the annotation file.
        root: the annotation.
        image: of the group line, or None.
    """

    def __init__(self, ctx: Context, root: Element, image: Optional[dict]) -> None:
        self._ctx = ctx
        self._image = image
        self._objects = [parse_object(element) for element in root.findall('object')]
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
        if chain in self._compared or not self._ctx.is_fast:
            return
        self._compared.add(chain)
        if all(self._objects[number].bbox is None for number in numbers):
            return
        for number in numbers:
            found = self._objects[number]
            if found.bbox is None or 'nobox' in found.flags:
                self._ctx.at(f'object[{number}]').note('nobox_conflict', chain)

    def _instance(self, number: int) -> Optional[dict]:
        if number not in self._instances:
            self._instances[number] = self._check(number)
        return self._instances[number]

    def _check(self, number: int) -> Optional[dict]:
        found, ctx = self._objects[number], self._ctx.at(f'object[{number}]')
        for note in found.notes:
            ctx.note('bad_type', note)
        errors, instance = found.errors, None
        if found.bbox is not None and not errors:
            x1, y1, x2, y2 = found.bbox
            instance, errors = checked_object(
                ctx, SourceObject(str(number), [x1 - 1, y1 - 1, x2, y2],
                                  has_mask=False), self._image)
        ctx.skip(errors, 'box_dropped')
        return None if errors else instance


def find_flickr30k_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds the annotations, sentences and split lists."""
    for source in sources:
        if not (source / 'Annotations').is_dir() or not any(
                (source / name).is_file() for name in LISTS):
            raise FileNotFoundError(
                f'{source} is expected to hold Annotations/, Sentences/ and '
                'train.txt, val.txt, test.txt')
    return [Flickr30kSet(source, options.dataset) for source in sources]


class Flickr30kSet(SourceSet):
    """The images of the split lists of one folder."""

    source_box = 'Flickr30k Entities: inclusive corners from 1 on'
    text_field = 'sentence without brackets'
    file_per_split = True

    def __init__(self, root: Path, name: Optional[str]) -> None:
        super().__init__(
            name or 'flickr30k_entities', 'flickr30k_entities', None,
            files=[root / name for name in LISTS if (root / name).is_file()])
        self.root = root

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all listed images and yield group lines."""
        ctx = Context(report, options)
        parser = _Parser(self, ctx)
        for number, path in enumerate(self.files):
            listed, file = UniqueIds(), ctx._replace(place=Place(path.name))
            split = split_of_file(file, path.stem, None) or path.stem
            for line in options.progress(read_text_lines(path), path.name):
                name, where = line.text.strip(), file.at(f'line:{line.number}')
                listed.claim(where, name)
                parser.read_image(where, name, split, [number, line.number - 1])
        parser.report_unrelated()
        self.image_dirs = parser.images.dirs
        yield from parser.collector.lines()


def _image_id(file: str, number: Optional[int]) -> str:
    return f'file:{file}' if number is None else f'flickr30k:{number}'


class _Image(NamedTuple):
    """An image whose captions are read; ``record`` is that of a group line."""

    name: str
    split: str
    record: Optional[dict]
    objects: _ObjectParser


class _Parser:
    """State of reading one set."""

    def __init__(self, source: Flickr30kSet, ctx: Context) -> None:
        self.source = source
        self.images = ImageChecks(ctx)
        self.collector = ExprCollector()
        self.expr_ids: dict[str, UniqueIds] = {}
        # sentences that are not about their image, by number from 1, and who says so
        self.unrelated: dict[str, dict[int, Context]] = {}
        self._read_unrelated(ctx._replace(place=Place(UNRELATED)))

    def read_image(self, ctx: Context, name: str, split: str, src: list[int]) -> None:
        """Read the captions and boxes of an image that a split lists."""
        root = self.source.root
        annotations = root / 'Annotations' / f'{name}.xml'
        sentences = root / 'Sentences' / f'{name}.txt'
        number = int(name) if name.isascii() and name.isdigit() and (
            len(name) < 19) and ctx.options.images_are != OWN else None
        image_file = f'{name}.jpg'
        if '/' in name or not is_inside(name) or not (
                os.path.isfile(annotations) and os.path.isfile(sentences)):
            ctx = ctx.with_ids(image_id=_image_id(image_file, number))
            self.collector.check_leak(ctx, split)
            self.source.read.add(split, ctx.ids['image_id'], 0)
            ctx.skip([('image_missing', f'{name} has no annotation or no sentences')])
            return
        annotation, captions = load_xml(annotations), read_text_lines(sentences)
        given = text_of(annotation.find('filename'))
        if number is None and given:  # only Flickr's images are all <number>.jpg
            image_file = given
        ctx = ctx.with_ids(image_id=_image_id(image_file, number))
        self.collector.check_leak(ctx, split)
        self.source.read.add(split, ctx.ids['image_id'], len(captions))
        file = ctx._replace(place=Place(f'Annotations/{name}.xml'))
        size, errors = image_size(annotation)
        image, missing = self.images.find(image_of(
            image_file, size or (None, None), file.place.child('size'),
            namespace='flickr30k' if number is not None else 'file', number=number,
            images_are=ctx.options.images_are))
        errors += missing
        if ctx.is_fast and given and (
                given != image_file or PurePosixPath(given).stem != name):
            file.at('filename').note('file_name_mismatch', given)
        ctx.skip(errors)
        self._read_captions(
            ctx._replace(place=Place(f'Sentences/{name}.txt')), captions,
            _Image(name, split, None if errors else image,
                   _ObjectParser(file, annotation, image)), src)

    def _read_captions(self, ctx: Context, captions: list[TextLine], image: _Image,
                       src: list[int]) -> None:
        """Check the captions of an image, and collect those that are kept."""
        unrelated = self.unrelated.pop(image.name, {})
        if not captions and ctx.is_fast:
            ctx.note('image_without_expressions')
        expr_ids = self.expr_ids.setdefault(image.split, UniqueIds())
        for index, line in enumerate(captions):
            expr_id, _ = expr_ids.take(f'{image.name}#{index}')
            found = FoundExpr(
                ctx.at(f'line:{line.number}').with_ids(expr_id=expr_id),
                dict(id=expr_id, caption=True, src=src), image.split, image.record,
                [], [])
            if index + 1 in unrelated:
                found.record['unrelated'] = True
            _read_caption(line, found, image.objects)
            self.collector.add(found)
        if ctx.options.all_objects and image.record is not None:
            for instance in image.objects.others():
                self.collector.add_object(image.split, image.record, instance)
        for number, where in unrelated.items():
            if not 1 <= number <= len(captions):
                where.with_ids(**ctx.ids).note('unrelated_out_of_range', number)

    def _read_unrelated(self, ctx: Context) -> None:
        """Note which sentences are said not to be about their image."""
        path = self.source.root / UNRELATED
        for line in read_text_lines(path) if path.is_file() else ():
            where, parts = ctx.at(f'line:{line.number}'), line.text.split()
            if line.text.lstrip().startswith('#'):
                continue
            if len(parts) != 2 or not (parts[1].isascii() and parts[1].isdigit()):
                where.note('bad_type', line.text)
                continue
            self.unrelated.setdefault(parts[0], {})[int(parts[1][:9])] = where

    def report_unrelated(self) -> None:
        """Report numbers that no image can have, of images that were not read."""
        for numbers in self.unrelated.values():
            for number, ctx in numbers.items():
                if not 1 <= number <= CAPTIONS_OF_AN_IMAGE:
                    ctx.note('unrelated_out_of_range', number)


def _read_caption(line: TextLine, found: FoundExpr, objects: _ObjectParser) -> None:
    """Fill in the text, the phrases and their boxes."""
    sentence, ctx = parse_sentence(line.text), found.ctx
    if line.latin1:
        ctx.note('bytes_decoded_latin1', line.text)
    for code, value in sentence.notes:
        ctx.note(code, value)
    if sentence.error:
        found.errors.append(sentence.error)
        return
    phrases = []
    for phrase in sentence.phrases:
        chain, targets = phrase.chain, []
        if chain != NOT_VISUAL and not objects.knows(chain) and ctx.is_fast:
            ctx.note('phrase_without_annotation', chain)
        for instance in objects.boxes(chain):
            targets.append(len(found.instances))
            found.instances.append(instance)
        flags = () if targets else sorted(objects.flags(chain))
        phrases.append(dict(span=[phrase.span], targets=targets, id=chain,
                            types=phrase.types, **dict.fromkeys(flags, True)))
    found.record.update(text=sentence.text, phrases=phrases)
