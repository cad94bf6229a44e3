"""What an entry of a SeqTR-like file is, and how dialects store its targets."""
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.readers.base import ReadOptions, SourceSet
from segvg.annotations.readers.field_checks import Test
from segvg.annotations.readers.instance_ids import InstanceIds
from segvg.annotations.readers.objects import Errors


@dataclass
class Entry:
    """An entry of a split.

    Attributes:
        name: split and number, such as ``val[3]``.
        split: its split.
        record: the entry as it is in the file.
        fields: those of its fields that have the type expected.
        image: of the group line; None when it cannot be made.
        place: where it stands.
        ids: ``image_id`` and ``ref_id`` for the report.
    """

    name: str
    split: str
    record: dict
    fields: dict
    image: Optional[dict]
    place: Place
    ids: dict


class ExprTargets(NamedTuple):
    """The targets of an expression, and what skips it because of them."""

    instances: list[dict]
    errors: Errors
    scope: object  # texts of one scope should not repeat
    keys: Optional[frozenset] = None  # tells the targets from others; None: their ids


class TargetParser(ABC):
    """How a dialect stores the targets of an entry.

    Args:
        content: the file.
        source: its set.
        report: takes the findings.
        options: how to read.
    """

    required: dict[str, Test]
    optional: dict[str, Test]
    prefix: str        # of the names of sets
    has_refs: bool     # whether an entry is a ref
    nested: bool       # whether an entry may be a list of entries

    def __init__(self, content: dict, source: SourceSet, *, report: Report,
                 options: ReadOptions) -> None:
        self.report = report
        self.options = options
        self.ids = InstanceIds()

    @abstractmethod
    def read(self, entry: Entry) -> tuple[list[ExprTargets], Errors]:
        """The targets of each expression, and what skips the entry."""

    def mark(self, entry: Entry) -> dict:
        """Further fields of the expressions of an entry."""
        return {}
