"""Schema, types, document and writer say the same of the canonical form."""
import json
import re
import typing
from pathlib import Path

import pytest

from segvg.annotations import canonical_types
from segvg.annotations.canonical_schema import canonical_schema, violations
from segvg.annotations.checks import Report
from segvg.annotations.conversion import convert
from segvg.annotations.readers import READERS, ReadOptions
from segvg.synthref import generate, write_captions
from tests.datasets.test_fixtures import ROOT as FIXTURES

ROOT = Path(__file__).parents[2]
TYPES = dict(line='Line', image='ImageRecord', instance='InstanceRecord',
             segmentation='Segmentation', expression='ExpressionRecord',
             phrase='PhraseRecord', meta='Meta', split='SplitFacts')


def a_line(**changes) -> dict:
    line = dict(
        image=dict(id='own:a', file='a.jpg', width=60, height=40), split='train',
        instances=[dict(id=1, bbox=[1, 2, 30.5, 20])],
        exprs=[dict(id='s1', text='a cup', targets=[0])])
    return {**line, **changes}


def check_files(folder: Path) -> int:
    """Hold all files of a folder against the schema; the number of lines."""
    lines = 0
    for path in folder.glob('*.meta.json'):
        assert violations(json.loads(path.read_text('utf-8')), 'meta') == [], path
    for path in folder.glob('*.jsonl'):
        for text in path.read_text('utf-8').split('\n')[:-1]:
            assert violations(json.loads(text)) == [], path
            lines += 1
    return lines


@pytest.mark.slow
@pytest.mark.parametrize('name', sorted(path.name for path in FIXTURES.iterdir()
                                        if (path / 'expected.json').exists()
                                        and path.name != 'malicious_pickle'))
def test_writer_keeps_to_the_schema(name, tmp_path):
    """What every reader makes of its fixture has the shape that the schema says."""
    expected = json.loads((FIXTURES / name / 'expected.json').read_text('utf-8'))
    read, images = expected['read'], expected['image_root']
    options = ReadOptions(
        images=FIXTURES / name / images if images and read.get('check_images', True)
        else None, image_dirs=tuple(read.get('image_dirs', ('',))),
        dataset=read.get('dataset'), partition=read.get('split_by'),
        **read.get('options', {}))
    for number, source in enumerate(READERS[expected['format']](
            [FIXTURES / name / read.get('source', '.')], options)):
        folder = tmp_path / str(number)
        try:
            convert(source, folder, Report(), options)
        except ValueError:
            continue  # a source that is damaged as a whole; the report names it
        assert check_files(folder)


def test_generated_data_keeps_to_the_schema(tmp_path):
    generate(tmp_path, 'L1', 0, sizes=dict(train=3, val=2, testA=0, testB=0))
    write_captions(tmp_path, 'L1')
    assert check_files(tmp_path / 'canonical')


@pytest.mark.parametrize('part, name', TYPES.items())
def test_types_have_the_keys_of_the_schema(part, name):
    definition = canonical_schema()['$defs'][part]
    record = getattr(canonical_types, name)
    assert set(definition['properties']) == set(typing.get_type_hints(record))
    if part not in ('segmentation', 'meta', 'split'):
        assert set(definition['required']) == set(record.__required_keys__)


def test_every_field_is_explained_in_the_document():
    text = (ROOT / 'docs/annotation_format.md').read_text('utf-8')
    explained = set(re.findall(r'`([a-z_0-9]+)`', text))
    named = {key for part in TYPES for key in
             canonical_schema()['$defs'][part]['properties']}
    assert named - explained == set()


def test_examples_of_the_document_are_right():
    text = (ROOT / 'docs/annotation_format.md').read_text('utf-8')
    blocks = re.findall(r'```json\n(.*?)```', text, flags=re.DOTALL)
    records = [json.loads(block) for block in blocks]
    assert len(records) >= 3
    for record in records:
        assert violations(record, 'meta' if 'format' in record else 'line') == []


@pytest.mark.parametrize('change, expected', [
    (dict(image=dict(id='own:a', file='a.jpg', width=60)), ['image: height missing']),
    (dict(image=dict(id=7, file='a.jpg', width=60, height=40)),
     ['image.id: got 7, expected text <collection>:<id>, e.g. "coco:101"']),
    (dict(split=''), ['split: got "", expected text that is not empty']),
    (dict(instances=[dict(id=1, bbox=[1, 2, 3])]),
     ['instances[0].bbox: got [1, 2, 3], expected [x1, y1, x2, y2] in pixels, '
      'half-open corners, or null beside a mask']),
    (dict(instances=[dict(id=1, bbox=None)]),
     ['instances[0]: got {"id": 1, "bbox": null}, expected an object with an id and a '
      'bbox, or with an id, a null bbox and a segm']),
    (dict(instances=[dict(id=1, bbox=[1, 2, 3, 4], segm=dict(poly=[], file='m.png'))]),
     ['instances[0].segm: got {"poly": [], "file": "m.png"}, expected exactly one of '
      'poly, rle, file']),
    (dict(exprs=[dict(id=1, text=None, targets=['0'])]),
     ['exprs[0].targets[0]: got "0", expected an index into instances',
      'exprs[0].text: got null, expected string']),
])
def test_violation_names_place_value_and_expectation(change, expected):
    assert violations(a_line(**change)) == expected


def test_right_line_with_unknown_keys_has_no_violation():
    assert violations(a_line(annotator='me')) == []


@pytest.mark.parametrize('value', [[], None, 5, 'text'])
def test_value_that_is_not_an_object(value):
    assert violations(value) == [f'got {json.dumps(value)}, expected object']


def test_long_value_is_shortened():
    [message] = violations(a_line(split=['x' * 500]))
    assert len(message) < 120
