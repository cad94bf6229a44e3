"""Mixing by weight, wide and tall images apart, blocks, expressions a batch."""
from collections import Counter

import pytest
from mmengine.dataset import ConcatDataset, DefaultSampler
from mmengine.runner import Runner

from segvg.annotations.canonical import CanonicalWriter
from segvg.datasets import (
    AspectRatioBatchSampler,
    BlockSampler,
    ExpressionBatchSampler,
    GroundingDataset,
    MixedSampler,
)
from segvg.datasets.samplers import block_order


def make_set(folder, name, sizes, expressions=1, **settings):
    """A data set with an image per size."""
    with CanonicalWriter(folder, name, {}) as writer:
        for number, (width, height) in enumerate(sizes):
            writer.write(dict(
                image=dict(id=f'file:{name}{number}', file='a.jpg', width=width,
                           height=height), split='train',
                instances=[dict(id=1, bbox=[0.0, 0.0, 9.0, 9.0])],
                exprs=[dict(id=i, text='a', targets=[0])
                       for i in range(expressions + number % 3)]))
    return GroundingDataset(ann_file=str(folder / f'{name}_train.jsonl'), **settings)


@pytest.fixture
def mixed(tmp_path):
    return ConcatDataset([
        make_set(tmp_path, 'a', [(60, 40)] * 10, sample_by='image'),
        make_set(tmp_path, 'b', [(40, 60)] * 20, sample_by='image')])


def test_sets_are_drawn_as_their_weights_say(mixed):
    sampler = MixedSampler(mixed, weights=[2, 0.25], seed=3)
    first = list(sampler)
    assert len(first) == len(sampler) == 25
    counts = Counter(first)
    assert all(counts[i] == 2 for i in range(10))
    rest = [i for i in first if i >= 10]
    assert len(rest) == len(set(rest)) == 5
    assert list(sampler) == first
    sampler.set_epoch(1)
    second = list(sampler)
    assert second != first and {i for i in second if i >= 10} != set(rest)


def test_processes_share_the_samples(mixed, monkeypatch):
    seen = []
    for rank in range(2):
        monkeypatch.setattr('segvg.datasets.samplers.get_dist_info',
                            lambda rank=rank: (rank, 2))
        sampler = MixedSampler(mixed, weights=[1, 0.25], seed=0)
        seen.append(list(sampler))
        assert len(seen[-1]) == len(sampler) == 8
    assert len(set(seen[0]) | set(seen[1])) == 15  # one comes twice


@pytest.mark.parametrize(('weights', 'message'), [
    ([1], '1 weights for 2 data sets'), ([0, 0], 'not all 0'), ([1, -1], 'at least 0')])
def test_weights_that_do_not_fit_are_errors(mixed, weights, message):
    with pytest.raises(ValueError, match=message):
        MixedSampler(mixed, weights=weights)
    with pytest.raises(ValueError, match='weights for one data set'):
        MixedSampler(mixed.datasets[0], weights=weights)


def test_a_weight_of_nothing_leaves_a_set_out(mixed):
    assert set(MixedSampler(mixed, weights=[0, 1], seed=0)) == set(range(10, 30))


@pytest.mark.parametrize('drop_last', [False, True])
def test_wide_and_tall_images_are_not_mixed(mixed, drop_last):
    sampler = DefaultSampler(mixed, shuffle=True, seed=1)
    batches = list(AspectRatioBatchSampler(sampler, 3, drop_last))
    pure = [batch for batch in batches if len({i < 10 for i in batch}) == 1]
    assert len(batches) - len(pure) <= 1  # what is left at the end
    drawn = [i for batch in batches for i in batch]
    assert len(drawn) == len(set(drawn)) == 30
    assert all(len(batch) == 3 for batch in batches)


def test_batches_have_at_most_so_many_expressions(mixed):
    counts = [len(mixed[i]['expressions']) for i in range(len(mixed))]
    sampler = DefaultSampler(mixed, shuffle=True, seed=1)
    batches = ExpressionBatchSampler(sampler, 4, max_expressions=5)
    found = list(batches)
    assert len(batches) == len(found)
    assert sorted(i for batch in found for i in batch) == list(range(30))
    for batch in found:
        assert len(batch) <= 4 and sum(counts[i] for i in batch) <= 5


def test_image_with_too_many_expressions_is_alone(tmp_path):
    dataset = make_set(tmp_path, 'c', [(40, 40)] * 3, 9, sample_by='image')
    sampler = DefaultSampler(dataset, shuffle=False)
    assert list(ExpressionBatchSampler(sampler, 4, max_expressions=5)) == [[0], [1],
                                                                           [2]]


def test_sizes_and_counts_follow_subsets(tmp_path):
    dataset = make_set(tmp_path, 'd', [(10, 20), (30, 40), (50, 60)])
    assert len(dataset) == 6 and dataset.expression_counts().tolist() == [1] * 6
    subset = dataset.get_subset([5, 0])
    assert subset.image_sizes().tolist() == [[50, 60], [10, 20]]
    refs = make_set(tmp_path, 'e', [(10, 20)] * 3, sample_by='ref')
    assert refs.expression_counts().sum() == 6


def test_a_config_builds_them(mixed, tmp_path):
    path = str(tmp_path / 'a_train.jsonl')
    loader = Runner.build_dataloader(dict(
        batch_size=2, num_workers=0,
        dataset=dict(type='ConcatDataset', datasets=[
            dict(type='segvg.GroundingDataset', ann_file=path),
            dict(type='segvg.GroundingDataset', ann_file=path)]),
        sampler=dict(type='segvg.MixedSampler', weights=[1, 0.5]),
        batch_sampler=dict(type='segvg.AspectRatioBatchSampler'),
        collate_fn=dict(type='pseudo_collate')), seed=0)
    # 10 images have 19 expressions; a half of them is 10
    assert sum(len(batch['img_id']) for batch in loader) == 29


def test_processes_share_all_samples_and_wrap_around():
    blocks = [block_order(10, rank, 4, seed=3) for rank in range(4)]
    assert [len(block) for block in blocks] == [3] * 4
    order = sum(blocks, [])
    assert sorted(order[:10]) == list(range(10)) and order[10:] == order[:2]


def test_order_changes_with_the_epoch_and_comes_back():
    sampler = BlockSampler(range(20), seed=None)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first and len(sampler) == 20
    sampler.set_epoch(0)
    assert list(sampler) == first
