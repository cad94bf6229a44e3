"""The collector of expressions: what it reports, keeps and groups."""
from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers.base import Context, ReadOptions
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr

IMAGE = dict(id='coco:1', file='1.jpg', width=64, height=48)


def found(report, text, check=Check.FAST, split='val', **changes):
    ctx = Context(report, ReadOptions(check=check), Place('a.json', '[0]'),
                  dict(image_id='coco:1', expr_id=1))
    facts = dict(record=dict(id=1, text=text), split=split, image=IMAGE,
                 instances=[dict(id=7, bbox=None)], errors=[], scope=5)
    return FoundExpr(ctx, **{**facts, **changes})


def codes(report):
    return [finding.code for finding in report.findings]


def test_targets_become_positions_in_the_line_of_the_image():
    report, collector = Report(), ExprCollector()
    objects = [dict(id=name, bbox=None) for name in (7, 8, 9)]
    phrases = [dict(span=[[0, 1]], targets=[1, 0, 1])]
    assert collector.add(found(report, 'a', instances=[objects[1]]))
    assert collector.add(found(report, 'b', instances=[objects[0], objects[1]],
                               record=dict(id=2, text='b', phrases=phrases)))
    assert collector.add(found(report, 'c', split='test'))
    collector.add_object('val', IMAGE, objects[2])
    collector.add_object('val', IMAGE, objects[0])
    line, other = collector.lines()
    assert [instance['id'] for instance in line['instances']] == [8, 7, 9]
    assert line['instances'][2]['ref'] is False
    assert [expr['targets'] for expr in line['exprs']] == [[0], [0, 1]]
    assert line['exprs'][1]['phrases'] == [dict(span=[[0, 1]], targets=[0, 1])]
    assert other['split'] == 'test'


def test_text_of_another_type_and_blank_ones_are_skipped():
    report, collector = Report(), ExprCollector()
    for text in (3, ' ', None):
        assert not collector.add(found(report, text))
    assert codes(report) == ['bad_type', 'expr_empty', 'bad_type']
    assert collector.add(found(report, '...'))
    assert codes(report)[3:] == ['expr_empty_after_clean']


def test_errors_image_and_split_decide_too_but_the_text_is_checked():
    report, collector = Report(), ExprCollector()
    assert not collector.add(found(report, ' ', errors=[('dangling_ann', 4)]))
    assert not collector.add(found(report, 'a', image=None))
    assert not collector.add(found(report, 'b', split=None))
    assert codes(report) == ['dangling_ann', 'expr_empty']
    assert list(collector.lines()) == []


def test_repeated_ambiguous_and_leaking_texts_are_kept_and_noted():
    report, collector = Report(), ExprCollector()
    assert collector.add(found(report, 'left man'))
    assert collector.add(found(report, 'Left man!', instances=[dict(id=8)]))
    assert codes(report) == ['expr_duplicate_in_ref', 'expr_ambiguous']
    assert collector.add(found(report, 'c', split='testA'))
    assert collector.add(found(report, 'd', split='testB'))
    assert codes(report)[2:] == ['split_leak']


def test_second_size_of_an_image_is_noted():
    report, collector = Report(), ExprCollector()
    collector.add(found(report, 'a'))
    collector.add(found(report, 'b', image={**IMAGE, 'width': 63}))
    (finding,) = report.findings
    assert finding.code == 'image_size_mismatch'
    assert finding.value == '63x48, earlier 64x48'


def test_nothing_is_compared_below_the_fast_level():
    report, collector = Report(), ExprCollector()
    for split in ('val', 'test', 'val'):
        assert collector.add(found(report, 'a', check=Check.NONE, split=split))
    assert report.findings == []
