"""Read a fixture folder as its ``expected.json`` says, and compare the two."""
from collections import defaultdict
from pathlib import Path

from segvg.annotations.checks import Check, Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.files.arrays import load_npy
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json
from segvg.annotations.files.pickles import load_pickle, load_pth
from segvg.annotations.readers import READERS, ReadOptions, SourceSet
from segvg.structures.masks import decode_segmentation

LOADERS = {'.p': load_pickle, '.pkl': load_pickle, '.pth': load_pth, '.pt': load_pth,
           '.npy': load_npy, '.npz': load_npy, '.json': load_json}
KEY_FIELDS = ('split', 'dataset', 'file', 'source', 'sent_id')
PHRASE_FIELDS = ('span', 'targets', 'id', 'types', 'scene', 'nobox')
EXACT_FIELDS = ('text', 'sent', 'phrases', 'source', 'negative_of', 'unrelated',
                'coco_id', 'kind')


def read_fixture(folder: Path, expected: dict) -> tuple[list, list, list]:
    """Samples and findings of a fixture, and the samples of its further readings."""
    if expected['format'] not in READERS:
        raise KeyError(f'no reader for the format {expected["format"]!r} of {folder}; '
                       f'there are {", ".join(sorted(READERS))}')
    first = expected['read']
    samples, further, findings = [], [], []
    for number, change in enumerate([{}, *first.get('also', [])]):
        report = Report()
        found = read_once(folder, expected, {**first, **change}, report)
        (further if number else samples).extend(found)
        findings += report.findings
    return samples, findings, further


def read_once(folder: Path, expected: dict, read: dict, report: Report) -> list[dict]:
    """Samples of one reading."""
    images = folder / expected['image_root'] if expected['image_root'] else None
    options = ReadOptions(
        check=Check.FULL, images=images if read.get('check_images', True) else None,
        image_dirs=tuple(read.get('image_dirs', ('',))), dataset=read.get('dataset'),
        partition=read.get('split_by'), **read.get('options', {}))
    samples = []
    folder = folder / read.get('source', '.')
    for source in READERS[expected['format']]([folder], options):
        try:
            for line in read_lines(source, report, options):
                samples += samples_of(line, source, folder)
        except AnnotationFileError:
            pass  # it is in the report
    return samples


def read_exprs(path: Path, source_format: str) -> list[dict]:
    """The expressions of a side file."""
    options = ReadOptions()
    return [expr for source in READERS[source_format]([path], options)
            for line in read_lines(source, Report(), options)
            for expr in line['exprs']]


def samples_of(line: dict, source: SourceSet, folder: Path) -> list[dict]:
    """The expressions of a group line in the form of ``expected.json``."""
    image, samples = line['image'], []
    targets = [target_of(instance, image, folder) for instance in line['instances']]
    for expr in line['exprs']:
        number = expr.get('src', [0])[0]  # canonical files keep that of their sources
        file = source.files[number].name if number < len(source.files) else None
        order = {number: place for place, number in enumerate(expr['targets'])}
        sample = dict(
            split=line['split'], dataset=source.dataset, file=file, sent_id=expr['id'],
            ref_id=expr.get('ref_id'), text=expr['text'], sent=expr.get('sent'),
            image=dict(id=image['id'].split(':')[1], file=image['file'],
                       width=image['width'], height=image['height']),
            coco_id=image.get('coco_id'), targets=[targets[i] for i in expr['targets']],
            source=expr.get('source'), negative_of=expr.get('negative_of'),
            unrelated=expr.get('unrelated'))
        if not expr.get('caption'):
            sample['kind'] = ('none', 'single', 'multi')[min(len(order), 2)]
        if 'phrases' in expr:
            sample['phrases'] = [phrase_of(phrase, order) for phrase in expr['phrases']]
        samples.append(sample)
    return samples


def target_of(instance: dict, image: dict, folder: Path) -> dict:
    """A target in the form of ``expected.json``."""
    area, segm = None, instance.get('segm')
    if segm:
        if 'file' in segm:
            segm = {'file': folder / segm['file']}
        mask = decode_segmentation(segm, image['height'], image['width'])
        area = int(mask.sum())
    return dict(ann_id=instance['id'], bbox=instance['bbox'], mask_area=area,
                category_id=instance.get('category_id'),
                iscrowd=instance.get('iscrowd', 0))


def phrase_of(phrase: dict, order: dict) -> dict:
    """A phrase in the form of ``expected.json``."""
    found = {key: phrase[key] for key in PHRASE_FIELDS if key in phrase}
    return {**found, 'targets': [order[i] for i in phrase['targets']]}


def compare_samples(expected: list[dict], found: list[dict]) -> list[str]:
    """What differs between expected and found samples."""
    keys = [key for key in KEY_FIELDS if any(key in sample for sample in expected)]

    def by_key(samples: list[dict]) -> dict:
        return {tuple(str(sample[key]) for key in keys): sample for sample in samples}

    wanted, have = by_key(expected), by_key(found)
    assert len(wanted) == len(expected), 'two expected samples have one key'
    differences = [f'{key} is missing' for key in wanted.keys() - have.keys()]
    differences += [f'{key} is too much' for key in have.keys() - wanted.keys()]
    if len(have) != len(found):
        differences.append(f'{len(found)} samples, but {len(have)} keys')
    for key in wanted.keys() & have.keys():
        sample = in_order_of(wanted[key], have[key])
        differences += [f'{key}: {text}'
                        for text in compare_sample(wanted[key], sample)]
    return differences


def in_order_of(wanted: dict, have: dict) -> dict:
    """A sample with its targets in the order expected, where there are such targets.

    The canonical form sorts targets, sources list them in any order.
    """
    left, order = list(range(len(have['targets']))), []
    for target in wanted['targets']:
        place = next((i for i in left if is_target(target, have['targets'][i])), None)
        if place is not None:
            order.append(place)
            left.remove(place)
    order += left
    have = {**have, 'targets': [have['targets'][i] for i in order]}
    if 'phrases' in have:
        have['phrases'] = [
            {**phrase, 'targets': sorted(order.index(i) for i in phrase['targets'])}
            for phrase in have['phrases']]
    return have


def is_target(wanted: dict, have: dict) -> bool:
    """Whether two targets have one id, as far as that is expected, and one box."""
    return (wanted['ann_id'] is None or str(wanted['ann_id']) == str(have['ann_id'])
            ) and not any(is_far(wanted, have))


def is_far(wanted: dict, have: dict) -> list[bool]:
    """Which numbers of two boxes differ."""
    return [abs(a - b) > 1e-3
            for a, b in zip(wanted['bbox'], have['bbox'], strict=True)]


def compare_sample(wanted: dict, have: dict) -> list[str]:
    """What differs between two samples; keys that are not expected do not count."""
    pairs = [(name, wanted.get(name), have.get(name)) for name in EXACT_FIELDS
             if name in wanted or name in ('kind', 'unrelated')]
    if 'ref_id' in wanted:
        pairs.append(('ref_id', str(wanted['ref_id']), str(have['ref_id'])))
    pairs.append(('targets', len(wanted['targets']), len(have['targets'])))
    for name, value in wanted['image'].items():
        pairs.append((f'image {name}', str(value), str(have['image'][name])))
    for number, (target, other) in enumerate(zip(wanted['targets'], have['targets'],
                                                 strict=False)):
        where = f'targets[{number}]'
        for name in ('ann_id', 'category_id'):
            if target[name] is not None:
                pairs.append((f'{where} {name}', str(target[name]), str(other[name])))
        for name in ('mask_area', 'iscrowd'):
            pairs.append((f'{where} {name}', target[name], other[name]))
        if any(is_far(target, other)):
            pairs.append((f'{where} bbox', target['bbox'], other['bbox']))
    return [f'{name} is {other!r}, expected {value!r}'
            for name, value, other in pairs if value != other]


def compare_problems(expected: list[dict], findings: list) -> list[str]:
    """Listed problems that were not found, and findings that are not listed."""
    differences = []
    for problem in expected:
        if not any(finding.code == problem['code']
                   and finding.action == problem['action']
                   and same_place(problem, finding) for finding in findings):
            differences.append(f'not found: {problem}')
    for finding in findings:
        if not any(same_place(problem, finding) for problem in expected):
            differences.append(f'not listed: {finding}')
    return differences


def same_place(problem: dict, finding) -> bool:
    """Whether two places are equal or one continues the other."""
    if problem['file'] != finding.file:
        return False
    short, long = sorted((problem['at'], finding.at), key=len)
    return long.startswith(short) and (
        not short or len(short) == len(long) or long[len(short)] in '.[')


def count(samples: list[dict]) -> dict:
    """Images, refs and expressions of each split."""
    parts = defaultdict(list)
    for sample in samples:
        parts[sample['split']].append(sample)
    counts = {}
    for split, members in parts.items():
        refs = {(sample.get('source'), sample['ref_id']) for sample in members
                if sample['ref_id'] is not None}
        counts[split] = dict(
            images=len({str(sample['image']['id']) for sample in members}),
            refs=len(refs) or None, exprs=len(members))
    return counts
