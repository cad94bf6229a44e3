"""The context of a reader: what it reports with, and how it reads fields."""
from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers.base import Context, ReadOptions
from segvg.annotations.readers.field_checks import is_int, is_text


def context(check=Check.FAST):
    return Context(Report(), ReadOptions(check=check), Place('a.json'))


def test_part_and_ids_are_those_of_the_finding():
    ctx = context().at('refs[3]').with_ids(image_id=5)
    ctx.at('.bbox').with_ids(ref_id=7).note('box_thin', [1, 2])
    ctx.skip([('dangling_ann', 9)])
    ctx.skip([('box_outside', 8)], 'box_dropped')
    found = [(one.code, one.at, one.image_id, one.ref_id, one.value, one.action)
             for one in ctx.report.findings]
    assert found == [('box_thin', 'refs[3].bbox', 5, 7, [1, 2], 'keep'),
                     ('dangling_ann', 'refs[3]', 5, None, 9, 'skip'),
                     ('box_outside', 'refs[3]', 5, None, 8, 'box_dropped')]
    assert not context(Check.NONE).is_fast and ctx.is_fast


def test_file_is_named_from_the_root(tmp_path):
    ctx = context().at_file(tmp_path / 'a' / 'b.json', tmp_path)
    assert ctx.place == Place('a/b.json')


def test_required_fields_are_errors_and_others_are_noted():
    ctx = context().at('[0]')
    fields, errors = ctx.fields(dict(id='x7', text=3, more=1),
                                dict(id=is_int, name=is_text), dict(text=is_text))
    assert fields == {}
    assert errors == [('bad_type', "id: 'x7'"), ('missing_field', 'name')]
    assert [(one.code, one.at, one.value) for one in ctx.report.findings] == [
        ('bad_type', '[0].text', '3')]
    for said in (7, '7', 7.0):
        assert ctx.fields(dict(id=said), dict(id=is_int)) == ({'id': 7}, [])


def test_record_that_is_not_an_object_has_no_fields():
    assert context().fields([1], dict(id=is_int)) == (
        {}, [('bad_type', 'list, an object is expected')])


def test_value_of_any_depth_is_shown_in_short():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    _, errors = context().fields({'a': deep}, {'a': is_text})
    assert errors == [('bad_type', 'a: [[[[[[[...]]]]]]]')]
