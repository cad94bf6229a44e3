"""Seeded parts of a training file, and files of chosen objects."""
import pytest

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.subset import draw_refs, refs_of, write_refs
from segvg.engine.workflows.pseudo_labels import PseudoLabel, choose, find_refs
from tests.toy import make_data

MASK = dict(poly=[[0., 0., 9., 0., 9., 9.]])


@pytest.fixture
def source(tmp_path):
    return CanonicalFile(make_data(tmp_path / 'data', images=5) / 'toy_train.jsonl')


def test_refs_are_numbers_of_expressions(source):
    """Each image has two objects; the first has the first and the third sentence."""
    assert refs_of(source)[:4] == [(0, 2), (1, ), (3, 5), (4, )]


def test_draw_is_seeded_and_has_the_wanted_size(source):
    assert draw_refs(source, 40, 0) == draw_refs(source, 40, 0)
    assert len(draw_refs(source, 40, 0)) == 4
    assert len(draw_refs(source, 0.1, 0)) == 1
    assert draw_refs(source, 100, 0) == refs_of(source)
    drawn = {tuple(draw_refs(source, 40, seed)) for seed in range(5)}
    assert len(drawn) > 1
    with pytest.raises(ValueError, match='at most 100, not 0'):
        draw_refs(source, 0, 0)


def test_file_holds_only_what_was_chosen(source, tmp_path):
    path = write_refs(source, {(0, 2): None, (4, ): MASK}, tmp_path / 'new', 'part',
                      dict(note=1))
    part = CanonicalFile(path)
    assert len(part) == 2 and part.meta['note'] == 1
    first, second = part
    whole = source[0]
    assert [expr['id'] for expr in first['exprs']] == [0, 2]
    assert first['instances'] == whole['instances'][:1]
    assert second['instances'][0]['segm'] == MASK
    assert second['instances'][0]['bbox'] == source[1]['instances'][1]['bbox']
    assert second['exprs'][0]['targets'] == [0]
    assert find_refs(source, part) == [(0, 2), (4, )]


def test_foreign_subset_is_told(source, tmp_path):
    part = CanonicalFile(write_refs(source, {(0, 2): None}, tmp_path / 'new', 'a', {}))
    other = CanonicalFile(write_refs(source, {(1, ): None}, tmp_path / 'new', 'b', {}))
    with pytest.raises(ValueError, match='2 expressions of .* are not in'):
        find_refs(other, part)


def test_best_prediction_of_an_object_counts_and_labels_stay(source):
    near, nearer = PseudoLabel(dict(poly=[]), 0.05), PseudoLabel(MASK, 0.03)
    chosen = choose(source, {0: near, 1: near, 2: nearer, 4: near}, labelled=[(1, )])
    assert chosen == {(0, 2): nearer.mask, (4, ): near.mask}
