"""The sentences of a ref."""
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers.field_checks import (
    UniqueIds,
    is_flag,
    is_text,
    plain_extra,
    read_fields,
    show,
)
from segvg.annotations.readers.objects import Errors
from segvg.annotations.readers.refer_dialects import (
    SENTENCE_OPTIONAL,
    SENTENCE_REQUIRED,
)
from segvg.annotations.readers.texts import RepeatedTexts, check_blank, has_latin1_bytes

EXIST = 'exist'


def describes_something(sentence: object) -> Optional[bool]:
    """What ``exist`` says, True where it is absent; None when it cannot be read."""
    value = sentence.get(EXIST, True) if isinstance(sentence, dict) else None
    return bool(value) if is_flag(value) else None


class SentenceParser:
    """Reads the sentences of all refs of a file.

    Args:
        report: takes the findings.
        check: how much to check.
        has_negatives: whether sentences carry ``exist``.
        from_bytes: whether the file held bytes that were read as latin1.
    """

    def __init__(self, report: Report, check: Check, *, has_negatives: bool,
                 from_bytes: bool) -> None:
        self._report = report
        self._check = check
        self._has_negatives = has_negatives
        self._from_bytes = from_bytes
        self._sent_ids = UniqueIds()

    def read(self, record: object, repeated: RepeatedTexts, place: Place,
             errors: Errors, ids: dict) -> Optional[dict]:
        """The expression of a sentence, or None when it is skipped.

        Args:
            record: the sentence.
            repeated: texts of the ref so far.
            place: of the sentence.
            errors: what its targets cost it.
            ids: for the report.
        """
        sentence, wrong = read_fields(record, SENTENCE_REQUIRED, SENTENCE_OPTIONAL,
                                      self._report, place, **ids)
        errors = errors + wrong
        ids = {**ids, 'expr_id': sentence.get('sent_id')}
        if self._has_negatives and isinstance(record, dict):
            errors += self._check_flag(record, place, ids)
        for code, value in errors:
            self._report.add(code, place, 'skip', value=value, **ids)
        sent_id, again = self._sent_ids.take(sentence.get('sent_id'))
        if again and 'sent_id' in sentence:
            self._report.add('id_duplicate', place, value=sentence['sent_id'], **ids)
        if 'raw' not in sentence:
            return None
        blank = self._check_text(sentence, repeated, place, ids)
        return None if errors or blank else self._expr(record, sentence, sent_id)

    def _check_flag(self, record: dict, place: Place, ids: dict) -> Errors:
        if EXIST not in record:
            if self._check >= Check.FAST:
                self._report.add('exist_missing', place, **ids)
        elif describes_something(record) is None:
            return [('exist_bad_type', show(record[EXIST]))]
        return []

    def _check_text(self, sentence: dict, repeated: RepeatedTexts, place: Place,
                    ids: dict) -> bool:
        """Check the raw text; whether to skip it."""
        raw, sent = sentence['raw'], sentence.get('sent')
        blank = check_blank(raw, self._report, place, self._check, **ids)
        if self._check < Check.FAST:
            return blank
        if self._from_bytes and any(
                text and has_latin1_bytes(text) for text in (raw, sent)):
            self._report.add('bytes_decoded_latin1', place, value=raw, **ids)
        repeated.check(raw, None, self._report, place, **ids)
        return blank

    def _expr(self, record: dict, sentence: dict, sent_id: object) -> dict:
        raw, sent = sentence['raw'], sentence.get('sent')
        expr = dict(id=sent_id, text=raw)
        if sent is not None and sent != raw:
            expr['sent'] = sent
        tokens = sentence.get('tokens', [])
        if all(map(is_text, tokens)) and tokens != (
                raw if sent is None else sent).split():
            expr['tokens'] = tokens
        known = {*SENTENCE_REQUIRED, *([EXIST] if self._has_negatives else [])}
        extra = plain_extra(record, known)
        return {**expr, 'extra': extra} if extra else expr
