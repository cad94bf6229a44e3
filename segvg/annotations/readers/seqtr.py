"""SeqTR and Partial-RES: one object per entry, several expressions."""
import json
from pathlib import Path

from segvg.annotations.checks import Report
from segvg.annotations.files.pickles import AnnotationFileError, load_json
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.entries import (
    DATA_SOURCE,
    STEM,
    EntrySet,
    all_records,
    find_entry_files,
)
from segvg.annotations.readers.entry_targets import Entry, ExprTargets, TargetParser
from segvg.annotations.readers.field_checks import is_anything, is_box, is_text
from segvg.annotations.readers.objects import Errors, check_object

WHOLE = f'{STEM}.json'
PICKED = '_bbox_pick'  # ends the names of files with pseudo labels
TRAIN = 'train'


def find_seqtr_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds ``instances.json``, or per file given.

    The samples of Partial-RES beside that file are read when they are given, or when
    they are alone.
    """
    sets = []
    for source in sources:
        found = find_entry_files(source, f'{STEM}*.json')
        if not found:
            raise FileNotFoundError(f'{source} has no {WHOLE}, not in its subfolders '
                                    'either')
        whole = [pair for pair in found if pair[1].name == WHOLE]
        sets += [SeqTRSet(path, root, options.dataset or path.resolve().parent.name)
                 for root, path in whole or found]
    return sets


class SeqTRSet(EntrySet):
    """One file of SeqTR, or a sample of it."""

    def __init__(self, path: Path, root: Path, dataset: str) -> None:
        super().__init__(path, root, dataset, targets=SeqTRTargets)
        whole = path.with_name(WHOLE)
        if path.name != WHOLE and whole.is_file():
            self.files.append(whole)


class SeqTRTargets(TargetParser):
    """The one target of all expressions of an entry."""

    required = dict(bbox=is_box)
    optional = dict(mask=is_anything)
    prefix = 'seqtr'
    has_refs = True
    nested = False

    def __init__(self, content: dict, source: EntrySet, *, report: Report,
                 options: ReadOptions) -> None:
        super().__init__(content, source, report=report, options=options)
        self._with_masks = {_source_of(record) for record in all_records(content)
                            if record.get('mask')}
        self._original = _load_original(source)

    def read(self, entry: Entry) -> tuple[list[ExprTargets], Errors]:
        """The target of an entry, once for each expression."""
        if 'bbox' not in entry.fields:
            return [], []
        x, y, w, h = map(float, entry.fields['bbox'])
        mask, image = entry.record.get('mask'), entry.image
        image_id = entry.ids.get('image_id')
        instance_id, _ = self.ids.take((entry.split, image_id), None, (
            x, y, w, h, json.dumps(mask)), entry.name)
        size = (image['width'], image['height']) if image else (float('inf'),) * 2
        instance, errors = check_object(
            SourceObject(instance_id, [x, y, x + w, y + h], entry.place, segm=mask,
                         mask_place=entry.place.child('.mask'), has_mask=bool(
                             image and _source_of(entry.record) in self._with_masks)),
            *size, self.report, self.options, **entry.ids)
        targets = ExprTargets([instance], [], entry.name, frozenset([(x, y, w, h)]))
        return [targets] * len(entry.fields.get('expressions', ())), errors

    def mark(self, entry: Entry) -> dict:
        """Training entries that are not those of the whole file are pseudo labels."""
        if self._original is None or entry.split != TRAIN:
            return {}
        return {} if _as_text(entry.record) in self._original else {'pseudo': True}


def _source_of(record: dict) -> object:
    value = record.get(DATA_SOURCE)
    return value if is_text(value) else None


def _as_text(record: dict) -> str:
    return json.dumps(record, sort_keys=True)


def _load_original(source: EntrySet) -> object:
    """The training entries of the file that a sample was taken from, as text."""
    path, *whole = source.files
    if not whole:
        if path.stem.endswith(PICKED):
            raise AnnotationFileError(path, f'{WHOLE}, which tells its pseudo labels '
                                            'from true ones, is not beside it')
        return None
    content = load_json(whole[0])
    records = content.get(TRAIN) if isinstance(content, dict) else None
    if not isinstance(records, list):
        raise AnnotationFileError(whole[0], f'expected an object with a list {TRAIN}',
                                  code='missing_field')
    return {_as_text(record) for record in records}
