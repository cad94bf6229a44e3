"""Scores are written line by line; a full disk is told with the name of the file."""
import json
import os

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.visualization import Visualizer

from segvg.visualization.local_backend import LocalVisBackend


def test_lines_are_appended_to_the_files_of_a_run(tmp_path):
    init_default_scope('segvg')
    visualizer = Visualizer(vis_backends=[dict(type='LocalVisBackend')],
                            save_dir=str(tmp_path))
    [backend] = visualizer._vis_backends.values()
    assert isinstance(backend, LocalVisBackend)
    backend.add_scalar('loss', torch.tensor(0.5), 1)
    backend.add_scalars(dict(miou=3), 2, 'scores.json')
    folder = tmp_path / 'vis_data'
    lines = [json.loads(line) for line in
             (folder / 'scalars.json').read_text().splitlines()]
    assert lines == [dict(loss=0.5, step=1), dict(miou=3, step=2)]
    assert json.loads((folder / 'scores.json').read_text()) == dict(miou=3, step=2)


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full')
def test_full_disk_is_told_with_the_name(tmp_path):
    backend = LocalVisBackend(str(tmp_path))
    (tmp_path / 'scalars.json').symlink_to('/dev/full')
    with pytest.raises(OSError, match='No space left on device: .*scalars.json'):
        backend.add_scalar('loss', 0.5)
