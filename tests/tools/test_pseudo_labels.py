"""Pseudo masks made by any model that predicts masks, for any that learns them."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.annotations.canonical import CanonicalFile
from segvg.engine.launch import build_runner
from segvg.engine.workflows.pseudo_labels import PseudoLabel, judge_predictions
from segvg.engine.workflows.pseudo_masks import Verdict
from segvg.structures.masks import decode_segmentation
from segvg.utils.configs import load
from tests.models.grounders.foundation.tiny_models import sam3
from tests.tools import square_head  # noqa: F401  registers SquareHead
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

CONTOURS = 'seqtr/seqtr_tiny_segm_synthref_l0'
STUDENTS = ['reftr/reftr_res_tiny_synthref_l0', 'rela/rela_tiny_synthref_l0',
            'siri/siri_tiny_synthref_l0']
TEACHERS = [*STUDENTS, 'segvg/segvg_tiny_synthref_l0',
            'instancevg/instancevg_tiny_synthref_l1']


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('toy') / 'data')


def make_teacher(name, data, folder, **head) -> tuple:
    """Write config and checkpoint of a toy model with random weights."""
    cfg = toy_config(ROOT / f'configs/{name}.py', data, folder / 'teacher')
    cfg.model.head.update(head)
    build_runner(cfg).save_checkpoint(str(folder), 'teacher.pth', save_optimizer=False,
                                      save_param_scheduler=False)
    cfg.dump(folder / 'teacher.py')
    return folder / 'teacher.py', folder / 'teacher.pth'


def make_labels(monkeypatch, teacher, data, folder, *options) -> CanonicalFile:
    """Make pseudo labels for all of the toy training data."""
    run_tool(monkeypatch, 'make_pseudo_labels.py', *teacher, '--annotations',
             data / 'toy_train.jsonl', '--out', folder / 'pseudo', *options)
    return CanonicalFile(folder / 'pseudo/toy_pseudo_train.jsonl')


def masks_of(lines: CanonicalFile) -> list[np.ndarray]:
    """Return the masks of a file of pseudo labels, which has no other ones."""
    records = [one['segm'] for line in lines for one in line['instances']]
    assert all(set(record) == {'rle'} for record in records)
    return [decode_segmentation(record, 48, 60) for record in records]


@pytest.fixture(scope='module')
def squares(data, tmp_path_factory):
    """The pseudo labels of a contour model: squares of 26 pixels, cut at borders."""
    folder = tmp_path_factory.mktemp('squares')
    with pytest.MonkeyPatch.context() as patch:
        teacher = make_teacher(CONTOURS, data, folder, type='SquareHead')
        made = make_labels(patch, teacher, data, folder, '--threshold', 3)
    return made


@pytest.mark.parametrize('name', STUDENTS)
def test_contours_of_seqtr_teach_other_mask_models(name, squares, data, tmp_path):
    assert all(mask.any() for mask in masks_of(squares))
    cfg = toy_config(ROOT / f'configs/{name}.py', data, tmp_path)
    cfg.train_dataloader.dataset.ann_file = str(squares.path)
    runner = build_runner(cfg)
    runner.train()
    assert 0 <= runner.message_hub.get_scalar('val/res/mIoU').current() <= 100


@pytest.mark.parametrize('name', TEACHERS)
def test_every_mask_model_makes_pseudo_labels(name, data, tmp_path, monkeypatch):
    """The masks of weights that learned nothing fill no box, so all are taken here."""
    seen = []

    def take(mask, bbox, threshold):
        seen.append(mask)
        return Verdict([], 0.0, True)

    monkeypatch.setattr('segvg.engine.workflows.pseudo_labels.judge', take)
    teacher = make_teacher(name, data, tmp_path)
    made = make_labels(monkeypatch, teacher, data, tmp_path)
    assert len(seen) == 12 and all(mask.shape == (48, 60) for mask in seen)
    kept = masks_of(made)
    assert len(kept) == 8  # two objects of each of four images
    assert all(any((mask == one).all() for one in seen) for mask in kept)
    assert made.meta['pseudo_labels']['labelled'] == 0


def test_a_foundation_model_makes_pseudo_labels(data, tmp_path, monkeypatch):
    monkeypatch.setattr('segvg.engine.workflows.pseudo_labels.judge',
                        lambda *_: Verdict([], 0.0, True))
    cfg = load(ROOT / 'configs/foundation/sam3_synthref_l0.py')
    cfg.test_dataloader.update(batch_size=2, num_workers=0, persistent_workers=False)
    cfg.test_dataloader.dataset.update(data_root=str(data), ann_file='toy_val.jsonl',
                                       data_prefix=dict(img='images'))
    cfg.model.dtype = 'float32'
    cfg.visualizer.update(vis_backends=[], name='pseudo_sam3')
    cfg.work_dir, cfg.log_level = str(tmp_path / 'work'), 'ERROR'
    cfg.dump(tmp_path / 'teacher.py')
    made = make_labels(monkeypatch, (tmp_path / 'teacher.py', sam3(tmp_path / 'sam3')),
                       data, tmp_path)
    assert len(masks_of(made)) == 8
    assert 'has no averaged weights' in tool_error(
        monkeypatch, 'make_pseudo_labels.py', tmp_path / 'teacher.py',
        tmp_path / 'sam3', '--annotations', data / 'toy_train.jsonl', '--out',
        tmp_path / 'plain', '--plain')


def test_masks_of_all_processes_are_chosen_from(monkeypatch):
    """Each process predicts for its share of the expressions."""
    class Loader(list):
        dataset = None

    mask = torch.zeros(1, 60, 60, dtype=torch.bool)
    mask[:, 10:50, 10:50] = True
    sample = SimpleNamespace(
        image_instances=SimpleNamespace(bboxes=torch.tensor([[10., 10., 50., 50.]])),
        pred_instances=InstanceData(masks=mask, scores=torch.ones(1)), expr_idx=3,
        ori_shape=(60, 60))
    runner = SimpleNamespace(
        model=SimpleNamespace(eval=lambda: None, test_step=lambda batch: [sample]),
        test_dataloader=Loader([None]))
    other = PseudoLabel({}, 0.0)
    assert list(judge_predictions(runner, 0.1)) == [3]
    monkeypatch.setattr('segvg.engine.workflows.pseudo_labels.all_gather_object',
                        lambda own: [own, {8: other}])
    assert sorted(judge_predictions(runner, 0.1)) == [3, 8]


def test_boxes_alone_and_masks_that_fill_no_box_are_told(data, tmp_path, monkeypatch):
    words = ('--annotations', data / 'toy_train.jsonl', '--out', tmp_path / 'pseudo')
    (tmp_path / 'boxes').mkdir()
    boxes = make_teacher('transvg/transvg_tiny_synthref_l0', data, tmp_path / 'boxes')
    told = tool_error(monkeypatch, 'make_pseudo_labels.py', *boxes, *words)
    assert 'the model predicts boxes only' in told
    teacher = make_teacher(STUDENTS[0], data, tmp_path)
    told = tool_error(monkeypatch, 'make_pseudo_labels.py', *teacher, *words,
                      '--threshold', '-1')
    assert 'no predicted mask fills its box (--threshold -1.0)' in told
    assert not list((tmp_path / 'pseudo').glob('*'))
