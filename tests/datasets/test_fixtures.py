"""Every fixture folder is read as its ``expected.json`` says.

SEGVG_FIXTURES_DIR names another folder of fixtures; a format without a reader fails.
"""
import json
import os
import posix
import subprocess
from pathlib import Path

import pytest

from segvg.annotations.checks import Finding
from segvg.annotations.files.errors import AnnotationFileError
from segvg.utils.configs import selects
from tests.datasets.fixture_reading import (
    LOADERS,
    compare_problems,
    compare_samples,
    count,
    read_exprs,
    read_fixture,
    same_place,
)

DEFAULT = Path(__file__).parents[1] / 'data' / 'fixtures'
ROOT = Path(os.environ.get('SEGVG_FIXTURES_DIR', DEFAULT))
EXPECTED = {path.parent.name: json.loads(path.read_text('utf-8'))
            for path in sorted(ROOT.glob('*/expected.json'))}
DEFAULT_EXPECTED = json.loads(
    (DEFAULT / 'refer_refcoco' / 'expected.json').read_text('utf-8'))


def test_fixture_folder_holds_fixtures():
    assert EXPECTED, f'no <format>/expected.json below {ROOT}'


@pytest.mark.slow
@pytest.mark.parametrize('name', EXPECTED)
def test_fixture_is_read_as_expected(name, monkeypatch):
    expected = EXPECTED[name]
    if 'refuse' in expected:
        for refusal in expected['refuse']:
            check_refusal(ROOT / name / refusal['file'], monkeypatch)
        return
    samples, findings, further = read_fixture(ROOT / name, expected)
    differences = compare_samples(expected['samples'], samples)
    differences += compare_problems(expected['problems'], findings)
    assert not differences, '\n'.join(differences)
    assert count(samples) == expected['counts_after_skip']
    for wanted, ref_ids in expected.get('split_members', {}).items():
        assert sorted({str(sample['ref_id']) for sample in samples if selects(
            wanted, sample['split'])}) == sorted(map(str, ref_ids))
    if 'splits_google' in expected:
        for split, ref_ids in expected['splits_google'].items():
            assert sorted({sample['ref_id'] for sample in further
                           if sample['split'] == split}) == sorted(ref_ids)
    if 'sample_5_train_is_subset' in expected:
        exprs = read_exprs(ROOT / name / 'instances_sample_5.json', expected['format'])
        pseudo = any(expr.get('pseudo') for expr in exprs)
        assert pseudo is not expected['sample_5_train_is_subset']


def check_refusal(path, monkeypatch):
    """A file must end in the one error type, before anything it names is called."""
    calls = []

    def record(*args, **kwargs):
        calls.append(args)

    for module, function in ((os, 'system'), (posix, 'system'), (os, 'popen'),
                             (subprocess, 'Popen')):
        monkeypatch.setattr(module, function, record)
    with pytest.raises(AnnotationFileError) as error:
        LOADERS[path.suffix](path)
    assert str(path) in str(error.value)
    assert not calls


def test_comparison_sees_each_difference():
    _, findings, _ = read_fixture(DEFAULT / 'refer_refcoco', DEFAULT_EXPECTED)
    samples, problems = DEFAULT_EXPECTED['samples'], DEFAULT_EXPECTED['problems']
    have = [{**sample, 'unrelated': None} for sample in samples]
    assert compare_samples(samples, have) == []
    assert compare_samples(samples, have[1:]) and compare_samples(samples[1:], have)
    moved = [{**target, 'bbox': [0, 0, 1, 1]} for target in have[0]['targets']]
    for change in (dict(text='other'), dict(kind='none'), dict(targets=[]),
                   dict(ref_id=99), dict(targets=moved)):
        assert compare_samples(samples, [{**have[0], **change}, *have[1:]]), change
    assert compare_problems(problems, findings) == []
    assert compare_problems(problems, findings[1:])
    assert compare_problems(problems[1:], findings)


def test_unknown_format_is_an_error_that_names_it():
    with pytest.raises(KeyError, match="no reader for the format 'stone_tablets'"):
        read_fixture(DEFAULT / 'refer_refcoco', {'format': 'stone_tablets'})


@pytest.mark.parametrize(('one', 'other', 'same'), [
    ('line:5', 'line:5.exprs[0]', True), ('', 'refs[1]', True), ('a[1]', 'a[1]', True),
    ('line:1', 'line:12', False), ('refs[1]', 'refs[2]', False)])
def test_places_match_when_one_continues_the_other(one, other, same):
    finding = Finding('expr_empty', 'error', 'f', other, None, None, None, None, 'skip')
    assert same_place(dict(file='f', at=one), finding) is same
