"""SeqTR and Partial-RES: one object per entry, several expressions."""
import json
from pathlib import Path
from typing import Optional

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json
from segvg.annotations.readers.base import Errors, ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.entries import (
    DATA_SOURCE,
    STEM,
    Entry,
    EntrySet,
    ExprTargets,
    TargetParser,
    all_records,
    find_entry_files,
)
from segvg.annotations.readers.field_checks import Fields, is_anything, is_box, is_text
from segvg.annotations.readers.objects import checked_object, corners

WHOLE = f'{STEM}.json'
PICKED = '_bbox_pick'  # ends the names of files with pseudo labels
TRAIN = 'train'


def find_seqtr_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds ``instances.json``, or per file given.

    The samples of Partial-RES beside that file are read when they are given, or when
    they are alone.
    """
    sets: list[SourceSet] = []
    for source in sources:
        found = find_entry_files(source, f'{STEM}*.json')
        if not found:
            raise FileNotFoundError(f'{source} has no {WHOLE}, and neither have its '
                                    'subfolders')
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

    required = Fields(bbox=is_box)
    optional = Fields(mask=is_anything)
    prefix = 'seqtr'
    has_refs = True
    nested = False

    def __init__(self, content: dict, source: SourceSet) -> None:
        super().__init__(content, source)
        self._with_masks = {_source_of(record) for record in all_records(content)
                            if record.get('mask')}
        self._original = _load_original(source)

    def read(self, entry: Entry) -> tuple[list[ExprTargets], Errors]:
        """The target of an entry, once for each expression."""
        if 'bbox' not in entry.fields:
            return [], []
        ctx, mask = entry.ctx, entry.record.get('mask')
        box = tuple(map(float, entry.fields['bbox']))
        instance_id = self.ids.claim(ctx, None, (*box, json.dumps(mask)), entry.name,
                                     scope=entry.split)
        instance, errors = checked_object(ctx, SourceObject(
            instance_id, corners(box, ctx.options.box), segm=mask,
            mask_place=ctx.at('.mask').place,
            has_mask=_source_of(entry.record) in self._with_masks), entry.image)
        targets = ExprTargets([instance], [], entry.name, frozenset([box]))
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


def _load_original(source: SourceSet) -> Optional[set[str]]:
    """The training entries of the file that a sample was taken from, as text."""
    path, *whole = source.files
    if not whole:
        if path.stem.endswith(PICKED):
            raise AnnotationFileError(
                path, f'{WHOLE} is not beside it; that file shows which labels are '
                'pseudo labels')
        return None
    content = load_json(whole[0])
    records = content.get(TRAIN) if isinstance(content, dict) else None
    if not isinstance(records, list):
        raise AnnotationFileError(whole[0], f'expected an object with a list {TRAIN}',
                                  code='missing_field')
    return {_as_text(record) for record in records}
