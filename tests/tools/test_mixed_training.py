"""Several data sets in one training, and images with all their sentences."""
import pytest
from mmengine.runner import Runner

from segvg.engine.launch import build_runner
from segvg.leakage.guard import guard_training_data
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

SEGVG = ROOT / 'configs/segvg/segvg_refcoco.py'


@pytest.fixture
def cfg(tmp_path):
    """Two data sets, drawn 2 : 0.5, wide images apart from tall ones."""
    cfg = toy_config(SEGVG, make_data(tmp_path / 'a'), tmp_path / 'work')
    cfg.train_cfg.max_epochs = 1
    one = cfg.train_dataloader.dataset
    other = dict(one, data_root=str(make_data(tmp_path / 'b', images=6, seed=1)))
    cfg.train_dataloader.dataset = dict(type='ConcatDataset', datasets=[one, other])
    cfg.train_dataloader.sampler = dict(type='MixedSampler', weights=[2, 0.5])
    cfg.train_dataloader.drop_last = False  # that is the batch sampler's to say
    return cfg


def count_steps(cfg) -> int:
    """Train; number of steps."""
    guard_training_data(cfg)
    runner = build_runner(cfg)
    runner.train()
    return runner.iter


def test_data_sets_are_trained_on_together(cfg):
    cfg.train_dataloader.batch_sampler = dict(type='AspectRatioBatchSampler',
                                              drop_last=True)
    batch = cfg.train_dataloader.batch_size
    assert count_steps(cfg) == (2 * 12 + 9) // batch


def test_images_with_all_their_sentences_are_trained_on(cfg):
    """Three sentences an image, at most seven a batch: two images."""
    for dataset in cfg.train_dataloader.dataset.datasets:
        dataset.sample_by = 'image'
    cfg.train_dataloader.sampler.weights = [1, 1]
    cfg.train_dataloader.batch_size = 8
    cfg.train_dataloader.batch_sampler = dict(type='ExpressionBatchSampler',
                                              max_expressions=7)
    assert count_steps(cfg) == (4 + 6) // 2


def test_data_sets_share_a_pipeline_and_count_the_same_in_the_mean(cfg):
    """As in the pre-training of SeqTR; a pipeline of its own goes before."""
    parts = cfg.train_dataloader.dataset.datasets
    pipeline = parts[0].pop('pipeline')
    parts[1].pop('pipeline')
    cfg.train_dataloader.dataset = dict(type='JoinedDataset', datasets=parts,
                                        pipeline=pipeline)
    one = cfg.val_dataloader.dataset
    other = dict(one, data_root=parts[1].data_root)
    cfg.val_dataloader.dataset = dict(type='JoinedDataset', datasets=[one, other])
    cfg.val_evaluator = [dict(type='BoxAccuracy'), dict(type='MeanBoxAccuracy')]
    guard_training_data(cfg)
    runner = build_runner(cfg)
    assert len(runner.build_dataloader(cfg.val_dataloader).dataset) == 4 + 6
    runner.train()
    assert 'val/rec_mean/acc@0.5' in runner.message_hub.log_scalars


def test_drop_last_of_the_loader_is_known_to_batch_samplers(cfg):
    loader = Runner.build_dataloader(dict(
        batch_size=4, num_workers=0, dataset=cfg.train_dataloader.dataset,
        sampler=cfg.train_dataloader.sampler,
        batch_sampler=dict(type='AspectRatioBatchSampler', drop_last=True),
        collate_fn=dict(type='pseudo_collate')), seed=0)
    assert len(loader) == 33 // 4
