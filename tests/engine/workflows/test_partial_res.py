"""The steps of Partial-RES: which tools they call, with what, and once."""
from argparse import Namespace

import pytest
import torch

from segvg.engine.workflows.partial_res import STEPS, PartialRES
from tests.toy import ROOT

CONFIG = ROOT / 'configs/partial_res/partial_res_tiny_synthref_l0.py'


def make_pipeline(tmp_path, **changes):
    args = dict(config=str(CONFIG), percent=None, cfg_options=[], rec_checkpoint=None,
                work_dir=str(tmp_path / 'work'))
    pipeline = PartialRES(Namespace(**{**args, **changes}))
    pipeline.calls = []
    pipeline.tool = lambda *arguments: pipeline.calls.append(list(map(str, arguments)))
    return pipeline, list(STEPS)


def test_steps_call_the_tools_in_order_and_only_once(tmp_path):
    pipeline, steps = make_pipeline(tmp_path)
    for step in steps[:5]:
        pipeline.run(step)
        folder = tmp_path / 'work' / step
        (folder / 'best_x_epoch_1.pth').touch()
        (folder / 'part_train.jsonl').touch()
    assert [call[0] for call in pipeline.calls] == [
        'train.py', 'draw_subset.py', 'train.py', 'make_pseudo_labels.py', 'train.py']
    assert pipeline.calls[1][1].endswith('synthref_L0_train.jsonl')
    start = f'load_from={tmp_path}/work/1_rec/best_x_epoch_1.pth'
    for call, source in ((2, '2_subset'), (4, '4_pseudo')):
        file = tmp_path / 'work' / source / 'part_train.jsonl'
        assert start in pipeline.calls[call]
        assert f'train_dataloader.dataset.ann_file={file}' in pipeline.calls[call]
    pipeline.run(steps[0])
    assert len(pipeline.calls) == 5


def test_stopped_training_is_resumed(tmp_path):
    pipeline, steps = make_pipeline(tmp_path)
    folder = tmp_path / 'work' / steps[0]
    folder.mkdir(parents=True)
    torch.save(dict(), folder / 'epoch_1.pth')
    pipeline.run(steps[0])
    assert '--resume' in pipeline.calls[0]


def test_failed_step_is_not_done(tmp_path):
    pipeline, steps = make_pipeline(tmp_path)

    def refuse(*_):
        raise ValueError('no')
    pipeline.tool = refuse
    with pytest.raises(ValueError, match='no'):
        pipeline.run(steps[0])
    assert not (tmp_path / 'work' / steps[0] / 'done').exists()


def test_given_box_model_and_missing_steps(tmp_path):
    pipeline, steps = make_pipeline(tmp_path, rec_checkpoint='rec.pth')
    pipeline.run(steps[0])
    assert pipeline.calls == []
    with pytest.raises(FileNotFoundError, match='2_subset has to be done before'):
        pipeline.run(steps[2])
    with pytest.raises(FileNotFoundError, match='3_res has to be done before'):
        pipeline.run(steps[3])


def test_config_without_settings_is_told(tmp_path):
    with pytest.raises(ValueError, match='has no `partial_res` with rec_config'):
        make_pipeline(tmp_path, config=str(
            ROOT / 'configs/seqtr/seqtr_tiny_det_synthref_l0.py'))


def test_no_masks_at_all_is_refused_and_not_replaced_by_the_config(tmp_path):
    with pytest.raises(ValueError, match='percent is above 0 and at most 100, not 0'):
        make_pipeline(tmp_path, percent=0.0)
    assert make_pipeline(tmp_path, percent=3.0)[0].percent == 3
