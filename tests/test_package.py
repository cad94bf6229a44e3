"""What importing the package does and does not do."""
import subprocess
import sys

import pytest

from segvg.utils import mmcv_ops
from segvg.utils.mmcv_ops import EXTENSION, MissingExtension, provide_mmcv_ext


def run_python(code: str) -> str:
    """Run code in a new interpreter and return what it prints."""
    result = subprocess.run([sys.executable, '-c', code], capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_import_is_light():
    loaded = run_python(
        'import sys, segvg; print([name for name in ("torch", "mmcv", "mmdet", '
        '"transformers", "matplotlib", "scipy") if name in sys.modules])')
    assert loaded == '[]'


@pytest.mark.slow
def test_import_opens_no_connection():
    run_python(
        'import socket\n'
        'def refuse(*args, **kwargs): raise AssertionError("network")\n'
        'socket.socket.connect = refuse\n'
        'import segvg, segvg.registry, segvg.models, segvg.datasets')


@pytest.mark.slow
def test_torchvision_is_not_imported():
    out = run_python('import sys, segvg.models, segvg.datasets, segvg.evaluation, '
                     'segvg.visualization, segvg.engine\n'
                     'print(any(n in sys.modules for n in ("torchvision", "mmdet")))')
    assert out == 'False'


def test_missing_extension_names_op(monkeypatch):
    import mmcv  # noqa: F401  (found before the finder is replaced)
    monkeypatch.delitem(sys.modules, EXTENSION, raising=False)
    monkeypatch.setattr(mmcv_ops.importlib.machinery.PathFinder, 'find_spec',
                        lambda *args: None)
    assert provide_mmcv_ext()
    module = sys.modules[EXTENSION]
    assert isinstance(module, MissingExtension)
    with pytest.raises(RuntimeError, match="'nms' of mmcv.*MMCV_WITH_OPS=1"):
        module.nms(1, 2)


def test_real_extension_is_not_hidden(tmp_path):
    """A package mmcv with a module _ext in it keeps its own."""
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').write_text('')
    (package / '_ext.py').write_text('nms = "real"\n')
    out = run_python(f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
                     'import segvg, mmcv._ext; print(mmcv._ext.nms)')
    assert out == 'real'


def test_loaded_extension_stays(monkeypatch):
    real = object()
    monkeypatch.setitem(sys.modules, EXTENSION, real)
    assert not provide_mmcv_ext()
    assert sys.modules[EXTENSION] is real


def test_absent_mmcv_is_left_alone(monkeypatch):
    monkeypatch.delitem(sys.modules, EXTENSION, raising=False)
    monkeypatch.setattr(mmcv_ops.importlib.util, 'find_spec', lambda name: None)
    assert not provide_mmcv_ext()
    assert EXTENSION not in sys.modules
