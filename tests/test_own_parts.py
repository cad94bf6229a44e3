"""A head, a neck and a bbox-to-mask transform from a folder outside the package."""
import pytest

from segvg.engine.launch import build_runner
from segvg.registry import MODELS, TRANSFORMS
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

FOLDER = ROOT / 'examples' / 'own_parts'


def test_own_parts_train_and_test(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    cfg = toy_config(FOLDER / 'own_parts_synthref_l0.py', make_data(tmp_path / 'data'),
                     tmp_path / 'work')
    assert 'SentenceGate' in MODELS and 'CrossBoxMask' in TRANSFORMS
    runner = build_runner(cfg)
    runner.train()
    assert type(runner.model.head).__name__ == 'HeatHead'
    assert type(runner.model.head).__module__ == 'my_parts'
    assert 'rec/acc@0.5' in runner.test()


def test_missing_project_is_told(tmp_path, monkeypatch):
    path = tmp_path / 'config.py'
    path.write_text("custom_imports = dict(imports=['no_such_parts'])\n")
    with pytest.raises(ValueError, match='cannot be read: ImportError.*no_such_parts'):
        toy_config(path, tmp_path, tmp_path)
