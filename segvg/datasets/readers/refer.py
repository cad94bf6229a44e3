"""REFER layout: ``refs(<partition>).p`` beside ``instances.json``."""
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Optional

from segvg.datasets.checks import Check, Place, Report
from segvg.datasets.official_counts import OFFICIAL_COUNTS
from segvg.datasets.readers import fields
from segvg.datasets.readers.base import ReadOptions, SourceSet
from segvg.datasets.readers.coco_instances import (
    CheckedImage,
    CheckedObject,
    CocoInstances,
)
from segvg.datasets.readers.fields import UniqueIds, plain_extra, read_fields
from segvg.datasets.readers.images import USUAL_DIRS, without_suffix
from segvg.datasets.readers.lines import LineGrouper
from segvg.datasets.readers.objects import Errors
from segvg.datasets.readers.texts import (
    AmbiguousTexts,
    RepeatedTexts,
    SplitLeaks,
    check_blank,
    has_latin1_bytes,
)
from segvg.datasets.safe_load import AnnotationFileError, load_pickle

INSTANCES = 'instances.json'
REFS_NAME = re.compile(r'refs\((.+)\)\.p')
SPLIT_NAME = re.compile(r'train|val|test[ABC]*')
SPLIT_ALIASES = {'validation': 'val'}
DATASET_NAMES = {'refcoco+': 'refcoco_plus'}
REF_REQUIRED = dict(ref_id=fields.is_int, ann_id=fields.is_int,
                    image_id=fields.is_int, split=fields.is_text,
                    sentences=fields.is_list)
REF_OPTIONAL = dict(file_name=fields.is_text, sent_ids=fields.is_list,
                    category_id=fields.is_int)
# A sentence has all four; one whose `sent` or `tokens` are of no use still has `raw`.
SENTENCE_REQUIRED = dict(raw=fields.is_text, sent_id=fields.is_int,
                         sent=fields.is_anything, tokens=fields.is_anything)
SENTENCE_OPTIONAL = dict(sent=fields.is_text, tokens=fields.is_list)


def find_refer_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per ``refs(*).p`` in the folders given, or in folders right below."""
    sets = []
    for source in sources:
        folders = [source, *sorted(path for path in source.glob('*') if path.is_dir())]
        folders = [path for path in folders if any(path.glob('refs(*).p'))]
        if not folders:
            raise FileNotFoundError(
                f'{source} has no refs(<partition>).p, not in its subfolders either; '
                f'give the folder that holds it and {INSTANCES}')
        sets += [ReferSet(path, source, options.dataset or folder.name)
                 for folder in folders for path in sorted(folder.glob('refs(*).p'))]
    sets = [found for found in sets if options.partition in (None, found.partition)]
    if not sets:
        raise FileNotFoundError(f'no refs({options.partition}).p in '
                                f'{", ".join(map(str, sources))}')
    return sets


class ReferSet(SourceSet):
    """One partition: a refs file and the annotations that it points into."""

    source_box = 'COCO: x, y, w, h, 0-based'
    text_field = 'raw'
    file_per_split = False

    def __init__(self, refs: Path, root: Path, dataset: str) -> None:
        partition = REFS_NAME.fullmatch(refs.name)[1]
        name = f'{DATASET_NAMES.get(dataset, dataset)}_{partition}'
        super().__init__(name, dataset, partition,
                         files=[refs, refs.parent / INSTANCES])
        self.root = root

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read both files and yield group lines."""
        refs_path, instances_path = self.files
        if options.image_dirs is None:
            options = replace(options, image_dirs=(*USUAL_DIRS, self.dataset))
        refs = load_pickle(refs_path)
        if not isinstance(refs, list):
            raise AnnotationFileError(refs_path, 'expected a list of refs, got '
                                      f'{type(refs).__name__}', code='bad_type')
        coco = CocoInstances(instances_path, self._relative(instances_path),
                             report=report, options=options)
        reading = _Reading(self, coco, self._relative(refs_path), report=report,
                           options=options)
        for number, ref in enumerate(options.progress(refs, refs_path.name)):
            reading.read_ref(number, ref)
        if options.all_objects:
            reading.add_other_objects()
        self.categories, self.image_dirs = coco.categories, coco.image_dirs
        yield from reading.grouper.lines()

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


class _Target(NamedTuple):
    image: Optional[CheckedImage]
    object: Optional[CheckedObject]


class _Reading:
    """State of reading one refs file."""

    def __init__(self, source: ReferSet, coco: CocoInstances, file: str, *,
                 report: Report, options: ReadOptions) -> None:
        self.source = source
        self.coco = coco
        self.file = file
        self.report = report
        self.options = options
        self.grouper = LineGrouper()
        self.expected_splits = OFFICIAL_COUNTS.get(source.name)
        self.ref_ids, self.sent_ids = UniqueIds(), UniqueIds()
        self.ann_ids = UniqueIds()
        self.leaks, self.ambiguous = SplitLeaks(), AmbiguousTexts()
        self.images: dict[tuple, dict] = {}

    @property
    def secondary(self) -> bool:
        """Whether more is checked than what a line cannot be written without."""
        return self.options.check >= Check.FAST

    def read_ref(self, number: int, record: object) -> None:
        """Check a ref and its sentences, and add those that are kept."""
        place = Place(self.file, f'refs[{number}]')
        ref, errors = read_fields(record, REF_REQUIRED, REF_OPTIONAL, self.report,
                                  place)
        ids = dict(image_id=ref.get('image_id'), ref_id=ref.get('ref_id'))
        split = self._split(ref, errors, place, ids)
        ref_id = self._compare_refs(ref, split, place, ids)
        target = self._look_up(ref, errors, place, ids)
        sentences = ref.get('sentences', [])
        if not sentences and 'sentences' in ref:
            errors.append(('ref_without_sentences', ''))
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        if split is not None:
            self.source.read.add(split, ids['image_id'], len(sentences), refs=1)
        repeated = RepeatedTexts()
        for index, sentence in enumerate(sentences):
            where = place.child(f'.sentences[{index}]')
            expr = self._read_sentence(sentence, repeated, where, ids)
            if expr is None or errors:
                continue
            expr.update(ref_id=ref_id, src=[0, number])
            self._keep(split, target, expr, where, ids)

    def add_other_objects(self) -> None:
        """Add the objects that no ref names to the lines of their images."""
        for image_id, checked, place in self.coco.other_objects(
                {image_id for _, image_id in self.images}):
            for code, value in checked.errors:
                self.report.add(code, place, 'box_dropped', value=value,
                                image_id=image_id)
            if checked.instance is None or checked.errors:
                continue
            for (split, named), image in self.images.items():
                if named == image_id:
                    self.grouper.add_object(split, image, checked.instance)
        for image_id, place in self.coco.images_without(
                {image_id for _, image_id in self.images}):
            self.report.add('image_without_expressions', place, image_id=image_id)

    def _split(self, ref: dict, errors: Errors, place: Place,
               ids: dict) -> Optional[str]:
        name = ref.get('split')
        split = SPLIT_ALIASES.get(name, name)
        if split is None:
            return None
        if not SPLIT_NAME.fullmatch(split):
            errors.append(('split_unknown', name))
            return None
        if split != name:
            self.report.add('split_alias', place.child('.split'), value=name, **ids)
        if self.secondary and self.expected_splits and (
                split not in self.expected_splits):
            self.report.add('split_unexpected', place.child('.split'), value=name,
                            **ids)
        return split

    def _compare_refs(self, ref: dict, split: Optional[str], place: Place,
                      ids: dict) -> object:
        """Compare with earlier refs; the id to use."""
        ref_id, again = self.ref_ids.take(ref.get('ref_id'))
        if again and 'ref_id' in ref:
            self.report.add('ref_id_duplicate', place, value=ref['ref_id'], **ids)
        if not self.secondary:
            return ref_id
        _, shared = self.ann_ids.take(ref.get('ann_id'))
        if shared and 'ann_id' in ref:
            self.report.add('ann_shared_by_refs', place, value=ref['ann_id'], **ids)
        if split is not None and 'image_id' in ref:
            self.leaks.check(ref['image_id'], split, self.report, place,
                             ref_id=ids['ref_id'])
        return ref_id

    def _look_up(self, ref: dict, errors: Errors, place: Place, ids: dict) -> _Target:
        """Find image and object of a ref, and compare them with what it says."""
        image = obj = None
        if 'image_id' in ref:
            image = self.coco.image(ref['image_id'])
            errors += image.errors if image else [('dangling_image', ref['image_id'])]
        if 'ann_id' in ref:
            obj = self.coco.object(ref['ann_id'])
            errors += obj.errors if obj else [('dangling_ann', ref['ann_id'])]
        if obj and None not in (obj.image_id, ids['image_id']) and (
                obj.image_id != ids['image_id']):
            errors.append(('ann_image_mismatch',
                           f'annotation {ref["ann_id"]} is in image {obj.image_id}'))
        if self.secondary:
            for code, value in _compare_fields(ref, image, obj):
                self.report.add(code, place, value=value, **ids)
        return _Target(image, obj)

    def _read_sentence(self, record: object, repeated: RepeatedTexts, place: Place,
                       ids: dict) -> Optional[dict]:
        """The expression of a sentence, or None when it is skipped."""
        sentence, errors = read_fields(record, SENTENCE_REQUIRED, SENTENCE_OPTIONAL,
                                       self.report, place, **ids)
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        ids = {**ids, 'expr_id': sentence.get('sent_id')}
        sent_id, again = self.sent_ids.take(sentence.get('sent_id'))
        if again and 'sent_id' in sentence:
            self.report.add('id_duplicate', place, value=sentence['sent_id'], **ids)
        if 'raw' not in sentence:
            return None
        raw, sent = sentence['raw'], sentence.get('sent')
        blank = check_blank(raw, self.report, place, self.options.check, **ids)
        if self.secondary:
            if any(text and has_latin1_bytes(text) for text in (raw, sent)):
                self.report.add('bytes_decoded_latin1', place, value=raw, **ids)
            repeated.check(raw, None, self.report, place, **ids)
        if errors or blank:
            return None
        expr = dict(id=sent_id, text=raw)
        if sent is not None and sent != raw:
            expr['sent'] = sent
        tokens = sentence.get('tokens', [])
        if all(map(fields.is_text, tokens)) and tokens != (
                raw if sent is None else sent).split():
            expr['tokens'] = tokens
        extra = plain_extra(record, SENTENCE_REQUIRED)
        return {**expr, 'extra': extra} if extra else expr

    def _keep(self, split: str, target: _Target, expr: dict, place: Place,
              ids: dict) -> None:
        image, instance = target.image.record, target.object.instance
        self.images[split, ids['image_id']] = image
        self.grouper.add(split, image, expr, [instance])
        if self.secondary:
            self.ambiguous.check(expr['text'], (split, image['id']),
                                 frozenset([instance['id']]), self.report, place,
                                 **ids, expr_id=expr['id'])


def _compare_fields(ref: dict, image: Optional[CheckedImage],
                    obj: Optional[CheckedObject]) -> Errors:
    """Secondary fields of a ref that disagree with image, object or sentences."""
    found = []
    if 'sent_ids' in ref and 'sentences' in ref:
        sent_ids = [sentence.get('sent_id') for sentence in ref['sentences']
                    if isinstance(sentence, dict)]
        if sent_ids != ref['sent_ids']:
            found.append(('sent_ids_mismatch', f'{ref["sent_ids"]} for {sent_ids}'))
    if obj and 'category_id' in ref and obj.category_id not in (
            None, ref['category_id']):
        found.append(('category_mismatch',
                      f'{ref["category_id"]}, the object has {obj.category_id}'))
    if 'file_name' in ref and image and image.file_name:
        name = PurePosixPath(ref['file_name']).name
        expected = PurePosixPath(image.file_name).name
        if name != expected and without_suffix(name) != expected:
            found.append(('file_name_mismatch', f'{name} for {expected}'))
        elif name != expected and 'ann_id' in ref and (
                PurePosixPath(name).stem.rpartition('_')[2] != str(ref['ann_id'])):
            found.append(('file_name_suffix', f'{name} for {ref["ann_id"]}'))
    return found
