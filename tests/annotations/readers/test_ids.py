"""Ids that repeat: of records, of millions of numbers, of objects listed again."""
from segvg.annotations.checks import Report
from segvg.annotations.readers.base import Context, ReadOptions
from segvg.annotations.readers.ids import InstanceIds, UniqueIds, UniqueNumbers


def context(**ids):
    return Context(Report(), ReadOptions(), ids=ids)


def test_repeated_id_gets_a_suffix_and_is_noted_with_each_code():
    ids, ctx = UniqueIds(), context()
    assert [ids.claim(ctx, key) for key in (7, 8, 7, 7)] == [7, 8, '7#1', '7#2']
    assert ids.claim(ctx, 8, 'ref_id_duplicate', 'ann_shared_by_refs') == '8#1'
    assert [(finding.code, finding.value) for finding in ctx.report.findings] == [
        ('id_duplicate', 7), ('id_duplicate', 7), ('ref_id_duplicate', 8),
        ('ann_shared_by_refs', 8)]


def test_missing_id_is_never_noted():
    ids, ctx = UniqueIds(), context()
    assert ids.claim(ctx, None) is None
    assert ids.claim(ctx, None) is not None
    assert ctx.report.findings == []


def test_numbers_are_told_apart_by_bits():
    numbers = UniqueNumbers()
    keys = [5, 8_000_000, 5, -1, 5, 'a', -1, 1 << 40, 1 << 40, 4]
    assert [numbers.take(key)[0] for key in keys] == [
        5, 8_000_000, '5#1', -1, '5#2', 'a', '-1#1', 1 << 40, f'{1 << 40}#1', 4]


def test_objects_are_told_apart_by_id_and_content():
    ids, ctx = InstanceIds(), context(image_id='a')
    assert ids.claim(ctx, 7, (1, 2), 'own') == 7
    assert ids.claim(ctx, 7, (1, 2), 'own') == 7
    assert ctx.report.findings == []
    assert ids.claim(ctx, 7, (3, 4), 'own') == '7#1'
    assert ids.claim(ctx, 7, (3, 4), 'own') == '7#1'
    assert [finding.code for finding in ctx.report.findings] == ['id_duplicate']
    assert ids.claim(ctx, 7, (3, 4), 'own', scope='val') == 7
    assert ids.claim(ctx.with_ids(image_id='b'), 7, (3, 4), 'own') == 7


def test_objects_without_an_id_take_their_own_name():
    ids, ctx = InstanceIds(), context(image_id='a')
    assert ids.claim(ctx, None, (1, 2), '0') == '0'
    assert ids.claim(ctx, None, (1, 2), '1') == '0'
    assert ids.claim(ctx, None, (3, 4), '2') == '2'
    assert ctx.report.findings == []
    assert ids.claim(ctx, '2', (5, 6), '3') == '2#1'
    assert [finding.value for finding in ctx.report.findings] == ['2']
