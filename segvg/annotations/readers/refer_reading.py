"""The refs of a file, compared with the annotations that they point into."""
import re
from pathlib import PurePosixPath
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import ReadOptions, SourceSet
from segvg.annotations.readers.coco_instances import (
    CheckedImage,
    CheckedObject,
    CocoInstances,
)
from segvg.annotations.readers.field_checks import UniqueIds, read_fields
from segvg.annotations.readers.images import without_suffix
from segvg.annotations.readers.lines import LineGrouper
from segvg.annotations.readers.objects import Errors
from segvg.annotations.readers.refer_dialects import (
    Dialect,
    NamedTargets,
    categories_of,
)
from segvg.annotations.readers.refer_sentences import (
    SentenceParser,
    describes_something,
)
from segvg.annotations.readers.splits import SPLIT_ALIASES
from segvg.annotations.readers.texts import AmbiguousTexts, RepeatedTexts, SplitLeaks

SPLIT_NAME = re.compile(r'train|val|test[ABC]*')


class _Targets(NamedTuple):
    """Image and objects of a ref; ``errors`` are those of the objects."""

    image: Optional[CheckedImage]
    named: NamedTargets
    objects: list[CheckedObject]
    errors: Errors


class RefsParser:
    """State of reading one refs file."""

    def __init__(self, source: SourceSet, dialect: Dialect, coco: CocoInstances, *,
                 file: str, report: Report, options: ReadOptions) -> None:
        self.source = source
        self.dialect = dialect
        self.coco = coco
        self.file = file
        self.report = report
        self.options = options
        self.grouper = LineGrouper()
        self.sentences = SentenceParser(
            report, options.check, has_negatives=dialect.has_negatives,
            from_bytes=not file.endswith('.json'))
        self.expected_splits = OFFICIAL_COUNTS.get(source.name)
        self.ref_ids, self.ann_ids = UniqueIds(), UniqueIds()
        self.leaks, self.ambiguous = SplitLeaks(), AmbiguousTexts()
        self.images: dict[tuple, dict] = {}

    @property
    def secondary(self) -> bool:
        """Whether more is checked than what a line cannot be written without."""
        return self.options.check >= Check.FAST

    def read_ref(self, number: int, record: object) -> None:
        """Check a ref and its sentences, and add those that are kept."""
        place = Place(self.file, f'refs[{number}]')
        ref, errors = read_fields(record, self.dialect.required, self.dialect.optional,
                                  self.report, place)
        ids = dict(image_id=ref.get('image_id'), ref_id=ref.get('ref_id'))
        split = self._split(ref, errors, place, ids)
        ref_id = self._compare_refs(ref, split, place, ids)
        targets = self._look_up(ref, errors, place, ids)
        sentences = ref.get('sentences', [])
        if not sentences and 'sentences' in ref:
            errors.append(('ref_without_sentences', ''))
        true = self._sort_out(sentences, targets, errors, place, ids)
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        if split is not None:
            self._count(split, ids['image_id'], true)
        repeated = RepeatedTexts()
        for index, sentence in enumerate(sentences):
            where = place.child(f'.sentences[{index}]')
            cost = targets.errors if self.dialect.has_negatives and true[index] else []
            expr = self.sentences.read(sentence, repeated, where, cost, ids)
            if expr is None or errors:
                continue
            expr.update(ref_id=ref_id, src=[0, number])
            if isinstance(ref.get('source'), str):
                expr['source'] = ref['source']
            if not true[index]:
                expr['negative_of'] = ref['ann_id']
            self._keep(split, targets, expr, where, ids)

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
        if self.dialect.one_target and 'ann_id' in ref:
            _, shared = self.ann_ids.take(ref['ann_id'])
            if shared:
                self.report.add('ann_shared_by_refs', place, value=ref['ann_id'], **ids)
        if split is not None and 'image_id' in ref:
            self.leaks.check(ref['image_id'], split, self.report, place,
                             ref_id=ids['ref_id'])
        return ref_id

    def _look_up(self, ref: dict, errors: Errors, place: Place, ids: dict) -> _Targets:
        """Find image and objects of a ref, and compare them with what it says."""
        image, named = None, NamedTargets([], [], [])
        if 'image_id' in ref:
            image = self.coco.image(ref['image_id'])
            errors += image.errors if image else [('dangling_image', ref['image_id'])]
        if all(name in ref for name in self.dialect.required if name in (
                'ann_id', 'source')):
            named = self.dialect.name_targets(ref)
        errors += named.errors
        objects, wrong = [], []
        for ann_id in named.ann_ids:
            obj = self.coco.object(ann_id)
            if obj is None:
                wrong.append(('dangling_ann', ann_id))
                continue
            objects.append(obj)
            wrong += obj.errors
            if None not in (obj.image_id, ids['image_id']) and (
                    obj.image_id != ids['image_id']):
                wrong.append(('ann_image_mismatch',
                              f'annotation {ann_id} is in image {obj.image_id}'))
        targets = _Targets(image, named, objects, wrong)
        if self.secondary:
            for code, value in (*named.notes, *self._compare_fields(ref, targets)):
                self.report.add(code, place, value=value, **ids)
        return targets

    def _sort_out(self, sentences: list, targets: _Targets, errors: Errors,
                  place: Place, ids: dict) -> list[Optional[bool]]:
        """Which sentences describe something, and what useless targets cost.

        They cost the whole ref, but where sentences can be false these stay.
        """
        if not self.dialect.has_negatives:
            errors += targets.errors
            return [True] * len(sentences)
        true = [describes_something(sentence) for sentence in sentences]
        for code, value in () if True in true else targets.errors:
            self.report.add(code, place, value=value, **ids)
        return true

    def _count(self, split: str, image_id: Optional[int],
               true: list[Optional[bool]]) -> None:
        self.source.read.add(split, image_id, len(true), refs=1)
        if self.source.compared is not self.source.read:
            self.source.compared.add(split, image_id, true.count(True), refs=1)

    def _keep(self, split: str, targets: _Targets, expr: dict, place: Place,
              ids: dict) -> None:
        image = targets.image.record
        objects = () if 'negative_of' in expr else targets.objects
        instances = [obj.instance for obj in objects]
        self.images[split, ids['image_id']] = image
        self.grouper.add(split, image, expr, instances)
        if self.secondary:
            self.ambiguous.check(expr['text'], (split, image['id']), frozenset(
                instance['id'] for instance in instances), self.report, place, **ids,
                expr_id=expr['id'])

    def _compare_fields(self, ref: dict, targets: _Targets) -> Errors:
        """Secondary fields of a ref that disagree with what it points to."""
        found = []
        if 'sent_ids' in ref and 'sentences' in ref:
            sent_ids = [sentence.get('sent_id') for sentence in ref['sentences']
                        if isinstance(sentence, dict)]
            if sent_ids != ref['sent_ids']:
                found.append(('sent_ids_mismatch', f'{ref["sent_ids"]} for {sent_ids}'))
        found += _compare_categories(ref, targets)
        if 'file_name' in ref and targets.image and targets.image.file_name:
            name = PurePosixPath(ref['file_name']).name
            expected = PurePosixPath(targets.image.file_name).name
            if name != expected and without_suffix(name) != expected:
                found.append(('file_name_mismatch', f'{name} for {expected}'))
            elif name != expected and self.dialect.suffix_is_ann_id:
                found += _compare_suffix(name, targets.named.ann_ids)
        return found


def _compare_categories(ref: dict, targets: _Targets) -> Errors:
    found = {obj.category_id for obj in targets.objects}
    if 'category_id' not in ref or not found or None in found or (
            len(targets.objects) < len(targets.named.ann_ids)):
        return []
    said = categories_of(ref)
    if said == found:
        return []
    return [('category_mismatch',
             f'{sorted(said)}, the objects have {sorted(found)}')]


def _compare_suffix(name: str, ann_ids: list[int]) -> Errors:
    suffix = PurePosixPath(name).stem.rpartition('_')[2]
    if len(ann_ids) != 1 or suffix == str(ann_ids[0]):
        return []
    return [('file_name_suffix', f'{name} for {ann_ids[0]}')]
