"""The table of official sizes adds up as the literature says."""
from segvg.annotations.official_counts import OFFICIAL_COUNTS, Counts, compare_counts


def total(name, field, *splits):
    table = OFFICIAL_COUNTS[name]
    return sum(getattr(table[split], field) for split in splits or table)


def test_sums_are_those_that_papers_give():
    assert total('refcoco_unc', 'images') == 19_994
    assert total('refcoco_unc', 'exprs') == 142_210
    assert total('refcoco_unc', 'exprs', 'val', 'testA', 'testB') == 21_586
    assert total('refcoco_plus_unc', 'exprs', 'val', 'testA', 'testB') == 21_373
    assert total('refcocog_umd', 'exprs', 'val', 'test') == 14_498
    joint = ('refcoco_unc', 'refcoco_plus_unc', 'refcocog_umd')
    assert sum(total(name, 'refs', 'train') for name in joint) == 126_908
    assert total('resc_unc', 'exprs') == total('refcoco_unc', 'exprs')


def test_only_known_sizes_are_compared():
    expected = Counts(None, 5, 9)
    assert compare_counts(expected, Counts(1, 5, 9)) == {}
    assert compare_counts(expected, Counts(1, None, 8)) == {
        'refs': 'None instead of 5', 'exprs': '8 instead of 9'}
