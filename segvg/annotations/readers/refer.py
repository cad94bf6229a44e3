"""REFER layout: ``refs(<partition>).p`` beside ``instances.json``, in five dialects."""
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Optional

from segvg.annotations.checks import Report
from segvg.annotations.files.json_values import load_json
from segvg.annotations.files.pickles import has_byte_strings, load_pickle
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadCounts,
    ReadOptions,
    SourceSet,
)
from segvg.annotations.readers.coco_instances import (
    CheckedImage,
    CheckedObject,
    CocoInstances,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_anything,
    is_flag,
    is_int,
    is_list,
    is_text,
    plain_extra,
    show,
    with_plain_numbers,
)
from segvg.annotations.readers.ids import UniqueIds
from segvg.annotations.readers.images import USUAL_DIRS, image_name, without_suffix
from segvg.annotations.readers.refer_dialects import REFER, Dialect, NamedTargets
from segvg.annotations.readers.source_files import load_as
from segvg.annotations.readers.splits import SPLIT_ALIASES
from segvg.annotations.readers.texts import has_latin1_bytes

INSTANCES = 'instances.json'
DATASET_NAMES = {'refcoco+': 'refcoco_plus', 'rrefcoco+': 'rrefcoco_plus',
                 'ref-zom': 'refzom'}
SPLIT_NAME = re.compile(r'train|val|test[ABC]*')
EXIST = 'exist'
NUMBERS = ('ref_id', 'ann_id', 'image_id', 'category_id', 'sent_ids')
# A sentence has all four; one whose `sent` or `tokens` are of no use still has `raw`.
SENTENCE_REQUIRED = Fields(raw=is_text, sent_id=is_int, sent=is_anything,
                           tokens=is_anything)
SENTENCE_OPTIONAL = Fields(sent=is_text, tokens=is_list)


def find_refer_sets(sources: list[Path], options: ReadOptions,
                    dialect: Dialect = REFER) -> list[SourceSet]:
    """One set per refs file in the folders given, or in folders right below."""
    sets: list[SourceSet] = []
    for source in sources:
        files = [source] if source.is_file() else _refs_files(source, dialect)
        root = source.parent if source.is_file() else source
        if not files:
            raise FileNotFoundError(
                f'{source} has no {dialect.files("<partition>")}, and neither have its '
                f'subfolders; give the folder that holds it and {INSTANCES}')
        sets += [ReferSet(path, root, options.dataset or path.resolve().parent.name,
                          dialect=dialect) for path in files]
    found = [refs for refs in sets if options.partition in (None, refs.partition)]
    if not found:
        raise FileNotFoundError(f'no {dialect.files(str(options.partition))} in '
                                f'{", ".join(map(str, sources))}')
    return found


def _refs_files(folder: Path, dialect: Dialect) -> list[Path]:
    """The refs files of a folder and of the folders right below, by folder.

    A copy as JSON is preferred to a pickle, which may hold what cannot be read.
    """
    folders = [folder, *sorted(path for path in folder.glob('*') if path.is_dir())]
    return [path for place in folders
            for path in sorted({path for name in dialect.names
                                for path in place.glob(name)
                                if path.suffix == '.json' or not path.with_suffix(
                                    '.json').exists()})]


class ReferSet(SourceSet):
    """One partition: a refs file and the annotations that it points into."""

    source_box = 'COCO: x, y, w, h, 0-based'
    text_field = 'raw'
    file_per_split = False

    def __init__(self, refs: Path, root: Path, dataset: str, *,
                 dialect: Dialect) -> None:
        partition = re.sub(r'.*?\((.+)\).*', r'\1', refs.name)
        name = f'{DATASET_NAMES.get(dataset, dataset)}_{partition}'
        super().__init__(name, dataset, partition,
                         files=[refs, refs.parent / INSTANCES])
        self.root = root
        self.dialect = dialect
        if dialect.has_negatives:  # the sizes known are those of the true sentences
            self.compared = ReadCounts()

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read both files and yield group lines."""
        if options.image_dirs is None:
            options = replace(options, image_dirs=(*USUAL_DIRS, self.dataset))
        refs, instances = self.files
        ctx = Context(report, options)
        content = load_as(list, refs, 'refs', load_json if refs.suffix == '.json'
                          else load_pickle)
        coco = CocoInstances(
            ctx.at_file(instances, self.root), instances,
            name_image=self.dialect.name_image, namespace=self.dialect.namespace)
        parser = _Parser(ctx.at_file(refs, self.root), self, coco)
        for number, ref in enumerate(options.progress(content, refs.name)):
            parser.read_ref(number, with_plain_numbers(ref, *NUMBERS))
        if options.all_objects:
            parser.add_other_objects()
        self.categories, self.image_dirs = coco.categories, coco.image_dirs
        yield from parser.collector.lines()


class _Targets(NamedTuple):
    """Image and objects of a ref; ``errors`` are those of the objects."""

    image: Optional[CheckedImage]
    named: NamedTargets
    objects: list[CheckedObject]
    errors: Errors


class _Parser:
    """State of reading one refs file."""

    def __init__(self, ctx: Context, source: ReferSet, coco: CocoInstances) -> None:
        self.ctx = ctx
        self.source = source
        self.dialect = source.dialect
        self.coco = coco
        self.collector = ExprCollector()
        self.sentences = SentenceParser(
            has_negatives=source.dialect.has_negatives,
            from_bytes=source.files[0].suffix != '.json' and has_byte_strings(
                source.files[0]))
        self.expected_splits = OFFICIAL_COUNTS.get(source.name)
        self.ref_ids, self.ann_ids = UniqueIds(), UniqueIds()
        self.images: dict[tuple[str, object], dict] = {}

    def read_ref(self, number: int, record: object) -> None:
        """Check a ref and its sentences, and collect those that are kept."""
        ctx = self.ctx.at(f'refs[{number}]')
        ref, errors = ctx.fields(record, self.dialect.required, self.dialect.optional)
        ctx = ctx.with_ids(image_id=ref.get('image_id'), ref_id=ref.get('ref_id'))
        split = self._split(ctx, ref, errors)
        shared: dict = dict(ref_id=self._compare_refs(ctx, ref, split), src=[0, number])
        if isinstance(ref.get('source'), str):
            shared['source'] = ref['source']
        targets = self._look_up(ctx, ref, errors)
        sentences = ref.get('sentences', [])
        if not sentences and 'sentences' in ref:
            errors.append(('ref_without_sentences', ''))
        true = self._sort_out(ctx, sentences, targets, errors)
        ctx.skip(errors)
        if split is not None:
            self._count(split, ref.get('image_id'), true)
        image = targets.image.record if targets.image and not errors else None
        for index, sentence in enumerate(sentences):
            where, expr, wrong = self.sentences.read(
                ctx.at(f'.sentences[{index}]'), sentence)
            expr.update(shared)
            instances = [obj.instance for obj in targets.objects if obj.instance]
            if not true[index]:
                expr['negative_of'], instances = ref.get('ann_id'), []
            elif self.dialect.has_negatives:
                wrong = targets.errors + wrong
            kept = self.collector.add(FoundExpr(
                where, expr, split, image, instances, wrong, scope=number))
            if kept and split is not None and image is not None:
                self.images[split, ref['image_id']] = image

    def add_other_objects(self) -> None:
        """Add the objects that no ref names to the lines of their images."""
        used = {image_id for _, image_id in self.images}
        for ctx, checked in self.coco.other_objects(used):
            ctx.skip(checked.errors, 'box_dropped')
            if checked.instance is None or checked.errors:
                continue
            for (split, image_id), image in self.images.items():
                if image_id == checked.image_id:
                    self.collector.add_object(split, image, checked.instance)
        self.coco.note_unused(used)

    def _split(self, ctx: Context, ref: dict, errors: Errors) -> Optional[str]:
        if 'split' not in ref:
            return None
        name: str = ref['split']
        split = SPLIT_ALIASES.get(name, name)
        if not SPLIT_NAME.fullmatch(split):
            errors.append(('split_unknown', name))
            return None
        ctx = ctx.at('.split')
        if split != name:
            ctx.note('split_alias', name)
        if ctx.is_fast and self.expected_splits and split not in self.expected_splits:
            ctx.note('split_unexpected', name)
        return split

    def _compare_refs(self, ctx: Context, ref: dict, split: Optional[str]) -> object:
        """Compare with earlier refs; the id to use."""
        ref_id = self.ref_ids.claim(ctx, ref.get('ref_id'), 'ref_id_duplicate')
        if ctx.is_fast and self.dialect.one_target:
            self.ann_ids.claim(ctx, ref.get('ann_id'), 'ann_shared_by_refs')
        self.collector.check_leak(ctx, split)
        return ref_id

    def _look_up(self, ctx: Context, ref: dict, errors: Errors) -> _Targets:
        """Find image and objects of a ref, and compare them with what it says."""
        image, named, image_id = None, NamedTargets([], [], []), ref.get('image_id')
        if image_id is not None:
            image = self.coco.find_image(image_id)
            errors += image.errors if image else [('dangling_image', image_id)]
        if all(name in ref for name in self.dialect.required if name in (
                'ann_id', 'source')):
            named = self.dialect.name_targets(ref)
        errors += named.errors
        targets = _Targets(image, named, [], [])
        for ann_id in named.ann_ids:
            obj = self.coco.find_object(ann_id)
            if obj is None:
                targets.errors.append(('dangling_ann', ann_id))
                continue
            targets.objects.append(obj)
            targets.errors.extend(obj.errors)
            if None not in (obj.image_id, image_id) and obj.image_id != image_id:
                targets.errors.append((
                    'ann_image_mismatch',
                    f'annotation {ann_id} is in image {obj.image_id}'))
        if ctx.is_fast:
            for code, value in (*named.notes, *self._compare_fields(ref, targets)):
                ctx.note(code, value)
        return targets

    def _sort_out(self, ctx: Context, sentences: list, targets: _Targets,
                  errors: Errors) -> list[Optional[bool]]:
        """Which sentences describe something, and what useless targets cost.

        They cost the whole ref, but where sentences can be false these stay.
        """
        if not self.dialect.has_negatives:
            errors += targets.errors
            return [True] * len(sentences)
        true = [describes_something(sentence) for sentence in sentences]
        for code, value in () if True in true else targets.errors:
            ctx.note(code, value)
        return true

    def _count(self, split: str, image_id: Optional[int],
               true: list[Optional[bool]]) -> None:
        self.source.read.add(split, image_id, len(true), refs=1)
        if self.source.compared is not self.source.read:
            self.source.compared.add(split, image_id, true.count(True), refs=1)

    def _compare_fields(self, ref: dict, targets: _Targets) -> Errors:
        """Secondary fields of a ref that disagree with what it points to."""
        ann_ids = targets.named.ann_ids
        found = compare_sent_ids(ref)
        known = [obj.category_id for obj in targets.objects
                 if obj.category_id is not None]
        if 'category_id' in ref and known and len(known) == len(ann_ids):
            listed = ref['category_id']
            said = sorted(set(listed) if isinstance(listed, list) else {listed})
            if said != sorted(set(known)):
                found.append(('category_mismatch',
                              f'{said}, the objects have {sorted(set(known))}'))
        if 'file_name' in ref and targets.image and targets.image.file_name:
            ann_id = ann_ids[0] if self.dialect.suffix_is_ann_id and (
                len(ann_ids) == 1) else None
            found += compare_file_name(ref['file_name'], targets.image.file_name,
                                       ann_id)
        return found


def compare_sent_ids(ref: dict) -> Errors:
    """Report ``sent_ids`` of a ref that are not those of its sentences."""
    if not {'sent_ids', 'sentences'} <= ref.keys():
        return []
    sent_ids = [sentence.get('sent_id') for sentence in ref['sentences']
                if isinstance(sentence, dict)]
    if sent_ids == ref['sent_ids']:
        return []
    return [('sent_ids_mismatch', f'{ref["sent_ids"]} for {sent_ids}')]


def compare_file_name(name: str, expected: str, ann_id: Optional[int]) -> Errors:
    """Report a file name of another image, or one that ends in another annotation id.

    Args:
        name: as the ref has it, with or without an annotation id at its end.
        expected: name of the image.
        ann_id: what an id at the end is compared with; None compares with nothing.
    """
    if '\\' in name:  # of Windows
        name = image_name(name)
    name, expected = PurePosixPath(name).name, PurePosixPath(expected).name
    if name == expected:
        return []
    if without_suffix(name) != expected:
        return [('file_name_mismatch', f'{name} for {expected}')]
    suffix = PurePosixPath(name).stem.rpartition('_')[2]
    if ann_id is None or suffix == str(ann_id):
        return []
    return [('file_name_suffix', f'{name} for {ann_id}')]


def describes_something(sentence: object) -> Optional[bool]:
    """What ``exist`` says, True where it is absent; None when it cannot be read."""
    value = sentence.get(EXIST, True) if isinstance(sentence, dict) else None
    return bool(value) if is_flag(value) else None


class SentenceParser:
    """Reads the sentences of all refs of a file.

    Args:
        has_negatives: whether sentences carry ``exist``.
        from_bytes: whether the file held bytes that were read as latin1.
    """

    def __init__(self, *, has_negatives: bool, from_bytes: bool) -> None:
        self._has_negatives = has_negatives
        self._from_bytes = from_bytes
        self._sent_ids = UniqueIds()

    def read(self, ctx: Context, record: object) -> tuple[Context, dict, Errors]:
        """The expression of a sentence, its context and what skips it."""
        record = with_plain_numbers(record, 'sent_id')
        sentence, errors = ctx.fields(record, SENTENCE_REQUIRED, SENTENCE_OPTIONAL)
        ctx = ctx.with_ids(expr_id=sentence.get('sent_id'))
        if not isinstance(record, dict):
            return ctx, {}, errors
        if self._has_negatives and EXIST not in record:
            if ctx.is_fast:
                ctx.note('exist_missing')
        elif self._has_negatives and describes_something(record) is None:
            errors.append(('exist_bad_type', show(record[EXIST])))
        expr = dict(id=self._sent_ids.claim(ctx, sentence.get('sent_id')))
        if 'raw' not in sentence:
            return ctx, expr, errors
        raw, sent = sentence['raw'], sentence.get('sent')
        if self._from_bytes and ctx.is_fast and any(
                text and has_latin1_bytes(text) for text in (raw, sent)):
            ctx.note('bytes_decoded_latin1', raw)
        expr['text'] = raw
        if sent is not None and sent != raw:
            expr['sent'] = sent
        tokens = sentence.get('tokens', [])
        if all(map(is_text, tokens)) and tokens != (raw if sent is None else sent
                                                    ).split():
            expr['tokens'] = tokens
        extra = plain_extra(record, {*SENTENCE_REQUIRED,
                                     *([EXIST] if self._has_negatives else [])})
        return ctx, {**expr, 'extra': extra} if extra else expr, errors
