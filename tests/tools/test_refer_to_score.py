"""From REFER files to a score gives what the canonical files give."""
import json

import pytest

from tests.tools.running import run_tool
from tests.toy import ROOT

pytestmark = pytest.mark.slow

CONFIG = ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py'


def train_and_score(patch, work, root, annotations) -> dict:
    """Train the tiny model for one epoch and return its scores."""
    options = [f'{loader}.dataset.ann_file={annotations}_{split}.jsonl'
               for loader, split in (('train_dataloader', 'train'),
                                     ('val_dataloader', 'val'),
                                     ('test_dataloader', 'val'))]
    options += [f'{loader}.dataset.data_root={root}/'
                for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    options += [f'vocab={root}/vocab.txt',
                'train_cfg.max_epochs=1', 'train_dataloader.batch_size=8',
                'randomness.seed=3']
    run_tool(patch, 'train.py', CONFIG, '--work-dir', work, '--cfg-options', *options)
    run_tool(patch, 'test.py', CONFIG, work / 'epoch_1.pth', '--work-dir', work,
             '--out', work / 'scores.json', '--cfg-options', *options)
    return json.loads((work / 'scores.json').read_text())


def test_refer_files_give_the_scores_of_canonical_files(tmp_path):
    data = tmp_path / 'data'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('COLUMNS', '100')
        for tool, arguments in (
            ('make_synthref.py', ['--level', 'L0', '--seed', 5, '--out', data,
                                  '--sizes', 'train=16,val=8,testA=2,testB=2']),
            ('prepare_data.py', ['refer_refcoco', data / 'synthref_L0', '--out',
                                 data / 'prepared', '--images',
                                 data / 'images', '--check', 'full'])):
            try:
                run_tool(patch, tool, *arguments)
            except SystemExit as stop:
                assert not stop.code
        canonical = train_and_score(patch, tmp_path / 'a', data,
                                    'canonical/synthref_L0')
        prepared = train_and_score(patch, tmp_path / 'b', data,
                                   'prepared/synthref_L0_synth')
    assert canonical['num_expressions'] == prepared['num_expressions'] == 24
    assert canonical['metrics'] == prepared['metrics']
    assert canonical['metrics']['rec/mIoU'] > 0
