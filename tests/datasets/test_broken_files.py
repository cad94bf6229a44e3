"""Whatever stands in an annotation file: a finding, or the one error, never a crash."""
import copy
import json
import pickle
import random
import shutil
from pathlib import Path

import pytest
import torch

from segvg.annotations.canonical import CanonicalWriter
from segvg.annotations.checks import Check, Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions

FIXTURES = Path(__file__).parents[1] / 'data' / 'fixtures'
FORMATS = ['grefcoco', 'mmdet_refcoco', 'refer_refclef', 'refer_refcoco',
           'refer_refcocog', 'reftr_pth', 'refzom', 'resc_pth', 'rrefcoco',
           'seqtr_json', 'simvg_grefcoco']
CHANGES = 40  # of each format
ODD = [None, True, -1, 0, 3.5, float('nan'), float('inf'), 10**400, 2**63, '', 'x',
       '\ud800', 'a\0b', '../x.jpg', 'y' * 5000, [], [None], [[]], [1, 2, 3, 4],
       [0, 0, 0, 0], [1e9] * 4, [[1e9, 1e9, 5, 5, -1e9, 7]], {}, {'a': 1},
       {'size': [48, 64], 'counts': 'zz'}, {'size': [48, 64], 'counts': [3072]}, 'zero']


def load(path):
    if path.suffix == '.json':
        return json.loads(path.read_text('utf-8'))
    if path.suffix == '.pth':
        return torch.load(path, weights_only=True)
    return pickle.loads(path.read_bytes(), encoding='latin1')


def save(path, content):
    if path.suffix == '.json':
        path.write_text(json.dumps(content))
    elif path.suffix == '.pth':
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content, protocol=2))


def places(content, path=()):
    """Paths to all values below the top."""
    if isinstance(content, dict):
        parts = content.items()
    else:
        parts = enumerate(content) if isinstance(content, (list, tuple)) else ()
    for key, value in parts:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(content, path, value, remove):
    """Content with another value at a path, or without it."""
    if not path:
        return value
    key, *rest = path
    parts = list(content) if isinstance(content, tuple) else content
    if remove and not rest:
        del parts[key]
    else:
        parts[key] = changed(parts[key], rest, value, remove)
    return tuple(parts) if isinstance(content, tuple) else parts


def break_one(path, dice):
    """Change one value of a file; what was changed."""
    content = load(path)
    where = dice.choice(list(places(content)))
    value, remove = dice.choice(ODD), dice.random() < 0.15
    save(path, changed(content, where, copy.deepcopy(value), remove))
    return f'{path.name} {where}: {"removed" if remove else repr(value)[:60]}'


def convert(folder, out, read, images):
    """Read and write all sets; expressions read and kept, and the findings."""
    options = ReadOptions(
        check=Check.FULL, images=images, all_objects=True,
        image_dirs=tuple(read.get('image_dirs', ('',))), dataset=read.get('dataset'),
        partition=read.get('split_by'))
    report, kept, total = Report(), 0, 0
    for source in READERS[folder.name]([folder], options):
        with CanonicalWriter(out, source.name, {}) as writer:
            for line in read_lines(source, report, options):
                writer.write(line)
                kept += len(line['exprs'])
        total += sum(counts.exprs for counts in source.read.splits().values())
    return kept, total, report.findings


@pytest.mark.slow
@pytest.mark.parametrize('name', FORMATS)
def test_change_of_one_value_is_reported_or_refused(tmp_path, name):
    expected = json.loads((FIXTURES / name / 'expected.json').read_text('utf-8'))
    files = [file for file in expected['files'] if not file.endswith('.npy')]
    dice, images = random.Random(name), FIXTURES / name / expected['image_root']
    for number in range(CHANGES):
        folder = tmp_path / str(number) / name
        shutil.copytree(FIXTURES / name, folder)
        change = break_one(folder / dice.choice(files), dice)
        try:
            kept, total, findings = convert(folder, tmp_path / 'out', expected['read'],
                                            images)
        except AnnotationFileError:
            continue
        except Exception as error:
            raise AssertionError(change) from error
        lost = {finding.action for finding in findings} & {'skip', 'fatal'}
        assert kept == total or lost, f'{change}: {total - kept} lost in silence'
        assert kept <= total, change
