"""Scores in MLflow; the package itself is not needed."""
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from segvg.visualization.mlflow_backend import accepted_name


@pytest.mark.parametrize('name, accepted', [
    ('rec/acc@0.5', 'rec/acc at 0.5'), ('loss_bbox', 'loss_bbox'),
    ('gres/gIoU (official ReLA)', 'gres/gIoU official ReLA'),
    ('grec/Pr@(F1=1) with targets', 'grec/Pr at F1 1 with targets')])
def test_names_are_made_of_characters_that_mlflow_accepts(name, accepted):
    assert accepted_name(name) == accepted
    assert re.fullmatch(r'[/\w.\- :]*', accepted)  # mlflow's own rule


def test_backend_of_a_config_writes_accepted_names(tmp_path, monkeypatch):
    MMLogger.get_instance('mlflow_test')  # the backend looks at the newest one
    written = []
    monkeypatch.setitem(sys.modules, 'mlflow', SimpleNamespace(
        MlflowException=ValueError, set_tracking_uri=written.append,
        get_experiment_by_name=lambda name: name, set_experiment=lambda name: None,
        log_metric=lambda name, value, step: written.append((name, step)),
        log_metrics=lambda scores, step: written.append((list(scores), step)),
        log_image=lambda image, name: written.append(name)))
    with DefaultScope.overwrite_default_scope('segvg'):
        visualizer = Visualizer('mlflow_test', save_dir=str(tmp_path), vis_backends=[
            dict(type='MLflowVisBackend', tracking_uri='sqlite:///logs.db')])
    visualizer.add_scalars({'rec/acc@0.5': 50.0, 'rec/mIoU': 40.0}, step=3)
    visualizer.add_scalar('rec/acc@0.9', 1.0, step=3)
    visualizer.add_image('val_img', np.zeros((4, 4, 3), np.uint8), step=3)
    assert written == ['sqlite:///logs.db', (['rec/acc at 0.5', 'rec/mIoU'], 3),
                       ('rec/acc at 0.9', 3), 'val_img_3.png']
