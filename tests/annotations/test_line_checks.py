"""Lines from anywhere end in one message that names file and line."""
import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.line_checks import check_line

LINE = dict(
    image=dict(id='coco:1', file='a.jpg', width=64, height=48, alt=['b.jpg'],
               coco_id=1),
    split='val',
    instances=[dict(id=7, bbox=[4.2, 4, 24.8, 34], category_id=1, iscrowd=1),
               dict(id='8', bbox=None, segm={'file': 'masks/8.png'}),
               dict(id=9, bbox=[0, 0, 9, 9], segm={'poly': [[0, 0, 9, 0, 9, 9]]}),
               dict(id=10, bbox=[0, 0, 9, 9],
                    segm={'rle': {'size': [48, 64], 'counts': [3072]}})],
    exprs=[dict(id=1, ref_id=1, text='Left man.', sent='left man', targets=[0, 2]),
           dict(id=2, text='sky', targets=[], caption=True, phrases=[
               dict(span=[[0, 3]], targets=[3])])])
ODD = [None, True, -1, 0, 10**400, 1e308, float('nan'), float('inf'), '', 'x', [], {},
       [1], {'a': 1}, [[[]]], [None] * 4, ['a'] * 4, [1e308] * 4, 99, '\ud800',
       'x' * 5000]


def places(value, path=()):
    """The path of every value at or below a value."""
    yield path
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, part in items:
        yield from places(part, (*path, key))


PLACES = list(places(LINE))[1:]


def changed(path, value, drop=False):
    line = copy.deepcopy(LINE)
    *parents, last = path
    parent = line
    for key in parents:
        parent = parent[key]
    if drop:
        del parent[last]
    else:
        parent[last] = value
    return line


def test_sound_line_passes():
    check_line(LINE)


@pytest.mark.parametrize(('path', 'value', 'message'), [
    (('image',), None, 'expected an object with image, split, instances, exprs'),
    (('exprs',), 5, 'expected an object with image'),
    (('image', 'width'), None, 'expected width and height .* px, got .None, 48'),
    (('image', 'height'), 1 << 20, 'expected width and height'),
    (('image', 'file'), 1, 'expected an image with id and file'),
    (('image', 'file'), 'b/' + 'ü' * 128, 'expected an image with id and file'),
    (('instances', 0, 'bbox'), 'abcd', r'instances\[0\]: expected a box of four'),
    (('instances', 0, 'bbox', 2), 1e308, r'instances\[0\]: expected a box of four'),
    (('instances', 0, 'bbox', 2), 10**400, r'instances\[0\]: expected a box of four'),
    (('instances', 1, 'segm'), None, r'instances\[1\]: expected a box, or a box of'),
    (('instances', 2, 'segm', 'poly', 0, 1), 1e308, r'instances\[2\]: .* polygons'),
    (('instances', 3, 'segm', 'rle', 'size'), [10**6, 10**6], 'mask of the size'),
    (('exprs', 0, 'text'), 3, r'exprs\[0\]: expected an expression with id and text'),
    (('exprs', 0, 'targets'), [5], r'exprs\[0\]: expected targets .* the 4 instances'),
    (('exprs', 0, 'targets'), [-1], 'expected targets'),
    (('exprs', 0, 'targets'), None, 'expected targets'),
    (('exprs', 0, 'targets'), [True], 'expected targets'),
    (('exprs', 1, 'phrases'), 3, r'exprs\[1\]: expected a list phrases'),
    (('exprs', 1, 'phrases', 0, 'span'), [[0, 99]], 'with spans in the text'),
    (('exprs', 1, 'phrases', 0, 'targets'), [9], 'expected targets')])
def test_message_says_what_was_expected(tmp_path, path, value, message):
    with pytest.raises(ValueError, match=message):
        check_line(changed(path, value))
    file = tmp_path / 'own_val.jsonl'
    file.write_text(json.dumps(LINE) + '\n' + json.dumps(changed(path, value)) + '\n')
    with pytest.raises(ValueError, match=f'own_val.jsonl, line 2: .*{message}'):
        CanonicalFile(file)


def test_box_beside_a_mask_is_null_and_not_missing():
    check_line(changed(('instances', 2, 'bbox'), None))
    with pytest.raises(ValueError, match=r'instances\[2\]: expected a box, or a'):
        check_line(changed(('instances', 2, 'bbox'), None, drop=True))


@pytest.mark.parametrize('text', [
    '[' * 20_000, '{"a": NaN}', '{"a": Infinity}', '\xff', '{"image": ', 'null',
    json.dumps(LINE).replace('"width": 64', '"width": ' + '9' * 5000)])
def test_other_text_is_told_with_file_and_line(tmp_path, text):
    file = tmp_path / 'own_val.jsonl'
    file.write_bytes(json.dumps(LINE).encode() + b'\n' + text.encode('latin1'))
    with pytest.raises(ValueError, match='own_val.jsonl, line 2: ') as error:
        CanonicalFile(file)
    assert '\n' not in str(error.value) and len(str(error.value)) < 500


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(ODD), st.booleans())
def test_any_odd_value_passes_or_is_told(path, value, drop):
    try:
        check_line(changed(path, value, drop))
    except ValueError as error:
        assert '\n' not in str(error) and len(str(error)) < 300
