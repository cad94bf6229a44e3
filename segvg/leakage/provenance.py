"""What weights were trained on: the record that lies beside them or in them.

A record holds ``trained_on`` (files with SHA-256), ``excluded`` (SHA-256 of the keys
that were left out, or null), ``overlaps`` with each protected split, and ``parents``,
the records of the weights that the training started from (null where there is none).
"""
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from segvg.leakage.compare import Overlap, Verdict, worst_of
from segvg.utils.hub_files import weight_files

COUNTS = ('leaked', 'of', 'images_unknown')
FORMAT = 'segvg-prov'
VERSION = '1.0'


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_of_weights(*sources: Union[str, Path]) -> str:
    """Return the SHA-256 of checkpoint files, or of published models.

    For several files it is the SHA-256 of the joined hexadecimal digests of the files.

    Args:
        sources: checkpoint files, and folders or names on the hub of published models.
    """
    files = [file for source in sources for file in (
        [Path(source)] if Path(source).is_file() else weight_files(str(source)))]
    found = [sha256_of(file) for file in files]
    return found[0] if len(found) == 1 else hashlib.sha256(
        ''.join(found).encode()).hexdigest()


def make_record(trained_on: Sequence[Path], overlaps: Sequence[Overlap],
                parents: dict[str, Optional[dict]], *,
                excluded: Optional[str] = None) -> dict:
    """Return a record.

    Args:
        trained_on: annotation files.
        overlaps: what they hold of protected splits.
        parents: record of each weight file that training started from.
        excluded: SHA-256 of what was left out of the files.
    """
    return dict(
        format=FORMAT, version=VERSION, excluded=excluded,
        trained_on=[dict(file=path.name, sha256=sha256_of(path))
                    for path in trained_on],
        overlaps={overlap.protected: overlap.as_dict() for overlap in overlaps},
        parents=[dict(file=name, record=record) for name, record in parents.items()])


def record_path(weights: Path) -> Path:
    """Where the side file of a weight file lies."""
    return weights.with_name(f'{weights.name}.prov.json')


def read_record(weights: Path) -> Optional[dict]:
    """The record beside a weight file, or None.

    Raises:
        ValueError: there is a file, but it is not a record.
    """
    path = record_path(weights)
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text('utf-8'))
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not JSON ({error})') from None
    return checked_record(record, str(path))


def checked_record(record: Any, where: str) -> Optional[dict]:
    """A record that came from outside, or None where there is none.

    Args:
        record: of a file or of the notes of a checkpoint.
        where: what it came from, for the message.

    Raises:
        ValueError: it is not a record of this version.
    """
    if record is None:
        return None
    if not isinstance(record, dict) or record.get('format') != FORMAT or str(
            record.get('version')).split('.')[0] != VERSION.split('.')[0]:
        raise ValueError(f'{where} does not hold a {FORMAT} record of version '
                         f'{VERSION}')
    verdicts = {verdict.name.lower() for verdict in Verdict}
    overlaps, parents = record.get('overlaps'), record.get('parents')
    if not isinstance(record.get('trained_on'), list) or not isinstance(
            overlaps, dict) or not isinstance(parents, list) or not all(
                isinstance(found, dict) and found.get('verdict') in verdicts
                and all(type(found.get(name)) is int for name in COUNTS)
                for found in overlaps.values()) or not all(
                    isinstance(parent, dict) and isinstance(parent.get('file'), str)
                    for parent in parents):
        raise ValueError(f'{where} holds a damaged {FORMAT} record')
    for parent in parents:
        checked_record(parent.get('record'), where)
    return record


def chain_verdict(record: Optional[dict],
                  protected: str) -> tuple[Verdict, list[str]]:
    """The worst verdict of a record and its parents, and the reasons for it."""
    return worst_of(_verdicts(record, protected, 'these weights'))


def _verdicts(record: Optional[dict], protected: str,
              name: str) -> Iterator[tuple[Verdict, str]]:
    if record is None:
        yield Verdict.UNKNOWN, f'{name}: no record of what they were trained on'
        return
    overlap = record['overlaps'].get(protected)
    if overlap is None:
        yield Verdict.UNKNOWN, f'{name}: never compared with {protected}'
    else:
        verdict = Verdict[overlap['verdict'].upper()]
        yield verdict, (f'{name}: {overlap["leaked"]} of {overlap["of"]} images seen, '
                        f'{overlap["images_unknown"]} could not be mapped')
    for parent in record['parents']:
        yield from _verdicts(parent['record'], protected, parent['file'])
