"""What a converter found: problem codes, findings and the report."""
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import IO, NamedTuple, Optional

from segvg.utils.files import naming

# code -> what it means; the texts are those of the summary table
CODES = dict(
    unsafe_pickle='asks for code to be run', unsafe_npy='array file with objects in it',
    bad_container='file cannot be read', bad_json_line='line is not a JSON object',
    version_unknown='written by another major version',
    missing_field='a field is missing', bad_type='a field has another type',
    bytes_decoded_latin1='bytes above 127 read as latin1',
    count_mismatch='counts differ from those expected',
    split_unknown='unknown split',
    split_unexpected='split that the set should not have',
    split_alias='another name of a split', split_mismatch='record of another split',
    split_leak='image in more than one of train, val and test',
    dangling_ann='annotation that does not exist',
    dangling_image='image that does not exist',
    target_missing='neither a box nor a mark for no target',
    dangling_sentence='sentence that does not exist',
    object_not_asked='object of a sentence that is not asked about its image',
    box_missing='object without a box',
    ann_image_mismatch='object of another image',
    ann_id_scalar='a number where a list is expected',
    target_duplicate='target listed twice',
    zom_source_conflict='mark and number of targets disagree',
    zom_source_unknown='unknown mark',
    exist_missing='flag missing, read as true',
    exist_bad_type='flag has another type',
    target_count='several boxes where one is expected',
    no_target_encoding='unclear whether there is a target',
    ref_id_duplicate='ref id used before', id_duplicate='id used before',
    sent_ids_mismatch='sent_ids are not those of the sentences',
    category_mismatch='category of ref and object differ',
    category_unknown='category is not listed',
    file_name_mismatch='file name of another image',
    file_name_suffix='file name ends in an annotation id that is not expected',
    area_mismatch='area is not that of the object',
    ann_shared_by_refs='two refs of one object',
    ref_without_sentences='object without an expression',
    image_without_expressions='image without an expression',
    caption_without_boxes='caption without a box',
    image_missing='image file not found',
    image_damaged='image file cannot be read',
    image_orientation='camera says to turn the image: boxes of upright pictures need '
                      '--apply-orientation, and apply_orientation=True of '
                      'LoadImageFromFile',
    image_size_mismatch='image has another size',
    box_not_finite='box values are not finite',
    box_degenerate='box without width or height',
    box_outside='box outside the image', box_partly_outside='box crosses the border',
    box_thin='box thinner than a pixel',
    box_format_conflict='two boxes of one object differ',
    nobox_conflict='chain both with and without a box',
    mask_missing='object without a mask', mask_empty='mask without a pixel',
    mask_bad_polygon='polygon with too few points or an odd number of values',
    mask_size_mismatch='mask has another size than the image',
    mask_box_disagree='mask and box disagree',
    iscrowd_target='target is a crowd',
    expr_empty='blank expression',
    expr_empty_after_clean='nothing but punctuation',
    expr_duplicate_in_ref='same text twice for one object',
    expr_ambiguous='same text for another object of the image',
    span_out_of_range='span outside the text', span_empty='span without characters',
    span_text_mismatch='span does not mark the words of its phrase',
    span_not_evaluated='span does not belong to an evaluated phrase',
    phrase_without_annotation='phrase of an object that is not annotated',
    phrase_unboxed='evaluated phrase without a box',
    sentence_space_before_bracket='blank before a closing bracket',
    sentence_unclosed_bracket='bracket is not closed',
    unrelated_out_of_range='unknown sentence number',
    quality_missing='label does not say whether it is right')
ACTIONS = ('keep', 'skip', 'box_dropped', 'phrase_dropped', 'fatal')
SEVERITY = dict(keep='note', skip='error', box_dropped='error', phrase_dropped='error',
                fatal='fatal')
PLACES_SHOWN = 3
EXAMPLES_SHOWN = 3


class Check(IntEnum):
    """How much is checked; each level includes those before it."""

    NONE = 0    # only what a line cannot be written without
    FAST = 1    # ids, numbers and text
    IMAGES = 2  # and image files: existence, orientation and size, from the header
    FULL = 3    # and pixels of images and masks, decoded


class Place(NamedTuple):
    """Where something stands: a file, relative to the source root, and a path in it."""

    file: str
    at: str = ''

    def child(self, part: str) -> 'Place':
        """The place of a part, such as ``.bbox`` or ``[2]``."""
        return Place(self.file, f'{self.at}{part}'.removeprefix('.'))

    def __str__(self) -> str:
        return f'{self.file} {self.at}'.strip()


class Finding(NamedTuple):
    """One line of the report."""

    code: str
    severity: str
    file: str
    at: str
    image_id: object
    ref_id: object
    expr_id: object
    value: object
    action: str


class BoxStatistics:
    """Counts of what the boxes of a set have in common, to tell a wrong convention."""

    LEAST = 3  # boxes that say something
    NEARLY_ALL, MANY = 0.9, 0.4  # shares that no sound set has

    def __init__(self) -> None:
        self.total = self.unit = self.turned = self.crossing = 0

    def add(self, bbox: Sequence[float], width: float, height: float) -> None:
        """Count a box x1, y1, x2, y2 of an image of this size."""
        x1, y1, x2, y2 = bbox
        self.total += 1
        self.unit += 0 <= min(bbox) and max(bbox) <= 1
        self.turned += x2 < x1 or y2 < y1
        self.crossing += x2 > width + 1 or y2 > height + 1

    def suspicion(self) -> Optional[str]:
        """What nearly all boxes have wrong; None when they look sound."""
        if self.total < self.LEAST:
            return None
        if self.unit >= self.NEARLY_ALL * self.total:
            return (f'{self.unit} of {self.total} boxes lie between 0 and 1: are they '
                    'normalised? Boxes are expected in pixels of the image')
        if self.turned >= self.MANY * self.total:
            return (f'{self.turned} of {self.total} boxes have the far corner before '
                    'the near one: are sizes read as corners?')
        if self.crossing >= self.MANY * self.total:
            return (f'{self.crossing} of {self.total} boxes end beyond the image: are '
                    'corners read as sizes, or is the image another one?')
        return None


class BadRecordError(ValueError):
    """A record that cannot be kept, where that was asked to be an error."""


class Report:
    """Collects findings; counts them, writes them, stops when there are too many.

    Args:
        on_bad: ``skip``, or ``raise`` to stop at the first finding that costs a record,
            a box or a phrase.
        max_bad: stop when more findings than this cost something.
        path: the JSONL file the findings are written to as they come. Without it they
            are kept in ``findings``.
        append: whether that file keeps what it has.
    """

    def __init__(self, *, on_bad: str = 'skip', max_bad: Optional[int] = None,
                 path: Optional[Path] = None, append: bool = False) -> None:
        if on_bad not in ('skip', 'raise'):
            raise ValueError(f"on_bad is 'skip' or 'raise', not {on_bad!r}")
        self.on_bad = on_bad
        self.max_bad = max_bad
        self.path = path
        self._mode = 'a' if append else 'w'
        self.findings: list[Finding] = []
        self.examples: list[Finding] = []  # the first that cost something
        self.counts: Counter = Counter()
        self.boxes = BoxStatistics()
        self.bad = 0
        self._first: dict[str, list[str]] = {}
        self._stream: Optional[IO[str]] = None

    def add(self, code: str, place: Place, action: str = 'keep', *,
            value: object = None, image_id: object = None, ref_id: object = None,
            expr_id: object = None) -> None:
        """Take a finding; raises when it is one too many."""
        if code not in CODES or action not in ACTIONS:
            raise KeyError(f'code {code!r} or action {action!r} is not known, '
                           'see CODES and ACTIONS')
        finding = Finding(code, SEVERITY[action], place.file, place.at, image_id,
                          ref_id, expr_id, value, action)
        self.counts[code] += 1
        places = self._first.setdefault(code, [])
        if len(places) < PLACES_SHOWN:
            places.append(str(place))
        self._store(finding)
        if action != 'keep':
            self.bad += 1
            if len(self.examples) < EXAMPLES_SHOWN:
                self.examples.append(finding)
            self._stop_if_too_many(finding, place)

    def close(self) -> None:
        """Finish the report file; without a finding it is empty."""
        if self.path is not None:
            with naming(self.path):
                self._open(self.path).close()

    def undo(self, size: Optional[int]) -> None:
        """Close the report file and give it the content that it had before.

        Args:
            size: of that content in bytes; None removes the file.
        """
        path, self.path = self.path, None
        if self._stream is not None:
            with suppress(OSError):  # there is no space for the last findings
                self._stream.close()
        if path is None or not path.exists():
            return
        if size is None:
            path.unlink()
        else:
            os.truncate(path, size)

    def table(self) -> str:
        """The findings by code: how often, what it means, the first places."""
        if not self.counts:
            return 'no problems found'
        width = max(len(code) for code in self.counts)
        rows = [f'{"problem":{width}}  count  meaning; first places']
        for code, count in sorted(self.counts.items()):
            rows.append(f'{code:{width}}  {count:5}  {CODES[code]}; '
                        f'{", ".join(self._first[code])}')
        return '\n'.join(rows)

    def left_out(self) -> list[str]:
        """The first findings that cost something, each with what was found."""
        return [f'left out: {found.file} {found.at}: {CODES[found.code]} '
                f'({found.value})' for found in self.examples]

    def _open(self, path: Path) -> IO[str]:
        if self._stream is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = open(path, self._mode, encoding='utf-8')
        return self._stream

    def _store(self, finding: Finding) -> None:
        if self.path is None:
            self.findings.append(finding)
            return
        line = json.dumps(finding._asdict(), default=str)
        with naming(self.path):
            self._open(self.path).write(line + '\n')

    def _stop_if_too_many(self, finding: Finding, place: Place) -> None:
        if finding.action == 'fatal':
            return
        what = f'{place}: {finding.code} ({CODES[finding.code]}: {finding.value})'
        if self.on_bad == 'raise':
            raise BadRecordError(f'{what}; --on-bad skip leaves such records out and '
                                 'continues')
        if self.max_bad is not None and self.bad > self.max_bad:
            raise BadRecordError(f'{what}; that is problem {self.bad}, more than '
                                 f'--max-bad {self.max_bad}')
