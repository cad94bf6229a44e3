"""From the files of a source to canonical files, meta file and report."""
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.canonical import CanonicalWriter, UnwritableLineError
from segvg.annotations.checks import BadRecordError, Place, Report
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.official_counts import OFFICIAL_COUNTS, Counts, compare_counts
from segvg.annotations.outputs import MaskCopies, check_output
from segvg.annotations.readers import ReadOptions, SourceSet
from segvg.annotations.readers.base import Context
from segvg.annotations.readers.reviewed import (
    ReviewedLabels,
    find_reviewed,
    reviewed_dataset,
)
from segvg.version import __version__


def read_lines(source: SourceSet, report: Report,
               options: ReadOptions) -> Iterator[dict]:
    """The group lines of a set; a file that cannot be read is a fatal finding."""
    try:
        labels = _find_labels(source, report, options)
        yield from map(labels.attach, source.lines(report, options))
        labels.log_unjoined()
    except AnnotationFileError as error:
        root = getattr(source, 'root', error.path.parent)
        inside = error.path.is_relative_to(root)
        file = error.path.relative_to(root) if inside else error.path.name
        report.add(error.code, Place(str(file)), 'fatal', value=str(error))
        raise


def _find_labels(source: SourceSet, report: Report,
                 options: ReadOptions) -> ReviewedLabels:
    """The reviewed labels of a set: those of its source, or those that were asked for.
    """
    root, ctx = options.reviewed, Context(report, options)
    if root is None:
        root = getattr(source, 'root', source.files[0].parent)
        return ReviewedLabels(ctx, source.reviewed, root)
    dataset = source.dataset.replace('+', '_plus')
    return ReviewedLabels(ctx, [path for path in find_reviewed(root) if (
        reviewed_dataset(path) == dataset)], root)


def convert(source: SourceSet, out_dir: Path, report: Report,
            options: ReadOptions, *, overwrite: bool = True) -> dict:
    """Write the canonical files of one set; returns the content of its meta file.

    The mask files that lines name are copied when the lines move to another folder.

    Counts are compared with the official ones; what differs is in the report as
    ``count_mismatch``.

    Raises:
        BadRecordError: nearly all boxes have one thing wrong.
        FileExistsError: a split exists already and is not to be overwritten, or a
            file to write is one that is read.
    """
    written: Counter[str] = Counter()
    masks = MaskCopies(source.files[0].parent, out_dir, overwrite=overwrite)
    check_output(out_dir / f'{source.name}.meta.json', source.files, overwrite=True)
    with CanonicalWriter(out_dir, source.name, {}, overwrite=overwrite) as writer:
        for line in read_lines(source, report, options):
            if line['split'] not in written:
                check_output(out_dir / f'{source.name}_{line["split"]}.jsonl',
                             source.files, overwrite=overwrite)
            masks.copy(line)
            try:
                writer.write(line)
            except UnwritableLineError as error:
                report.add('bad_type', _place_of(line, source), 'skip',
                           image_id=line['image']['id'], value=str(error))
                continue
            written[line['split']] += len(line['exprs'])
        suspicion = report.boxes.suspicion()
        if suspicion is not None:
            raise BadRecordError(suspicion)
        source.written = set(written)
        read = source.read.splits()
        _compare_official(source, source.compared.splits(), report)
        writer.meta.update(_describe(source, report, options))
        writer.meta['splits'] = {
            split: dict(official=_official(source, split), read=counts._asdict(),
                        complete=written[split] == counts.exprs,
                        **source.facts.get(split, {}))
            for split, counts in read.items()}
    return json.loads((out_dir / f'{source.name}.meta.json').read_text('utf-8'))


def is_output_of(source: SourceSet, out_dir: Path) -> bool:
    """Whether the files of a set were made of the same sources, and not changed since.
    """
    meta_path = out_dir / f'{source.name}.meta.json'
    try:
        meta = json.loads(meta_path.read_bytes())
        facts = list(meta['splits'].values())
        paths = [meta_path.with_name(fact['file']) for fact in facts]
        return all(path.is_file() for path in source.files) and all(
            _describe_file(path) in meta['sources'] for path in source.files) and all(
            _describe_file(path)['sha256'] == fact['sha256']
            for path, fact in zip(paths, facts, strict=True) if path.is_file())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _place_of(line: dict, source: SourceSet) -> Place:
    """The file of a line's first expression, and the number of the record in it."""
    for expr in line['exprs']:
        file, *record = expr.get('src') or [None]
        if type(file) is int and 0 <= file < len(source.files):
            return Place(source.files[file].name, f'[{record[0]}]' if record else '')
    return Place(source.files[0].name)


def count_table(meta: dict) -> str:
    """Counts of each split: written, read, official."""
    rows = [f'{"split":8} {"":8} {"images":>9} {"refs":>9} {"expressions":>12}']
    for split, facts in meta['splits'].items():
        for name, counts in (('written', facts), ('read', facts.get('read')),
                             ('official', facts.get('official'))):
            if counts is not None:
                cells = ['-' if counts[key] is None else f'{counts[key]:,}'
                         for key in Counts._fields]
                rows.append(f'{split:8} {name:8} {cells[0]:>9} {cells[1]:>9} '
                            f'{cells[2]:>12}')
    return '\n'.join(rows)


def _official(source: SourceSet, split: str) -> Optional[dict]:
    counts = OFFICIAL_COUNTS.get(source.name, {}).get(split)
    return counts and counts._asdict()


def _compare_official(source: SourceSet, read: dict[str, Counts],
                      report: Report) -> None:
    """Report splits whose size differs from the official one.

    Where each split has its own file, those that were not given are not missed.
    """
    for split, expected in OFFICIAL_COUNTS.get(source.name, {}).items():
        parts = split.split('+')
        if source.file_per_split and not all(part in read for part in parts):
            continue
        counts = [read.get(part, Counts(0, 0, 0)) for part in parts]
        found = counts[0] if len(counts) == 1 else Counts(
            None, None, sum(count.exprs or 0 for count in counts))
        for field, value in compare_counts(expected, found).items():
            report.add('count_mismatch', Place(source.files[0].name,
                                               f'{split}.{field}'), value=value)


def _describe(source: SourceSet, report: Report, options: ReadOptions) -> dict:
    return dict(
        dataset=source.dataset, partition=source.partition, revision=None, licence=None,
        source_box=source.source_box, text_field=source.text_field,
        sources=[_describe_file(path) for path in source.files],
        categories={str(key): name for key, name in source.categories.items()},
        image_roots=source.image_dirs,
        converter=dict(name='segvg', version=__version__, options=dict(
            check=options.check.name.lower(), on_bad=report.on_bad,
            need_mask=options.need_mask, all_objects=options.all_objects)),
        report=dict(sorted(report.counts.items())))


def _describe_file(path: Path) -> dict:
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return dict(file=path.name, bytes=path.stat().st_size, sha256=digest.hexdigest())
