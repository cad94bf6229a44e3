"""What importing the package does and does not do."""
import ast
import json
import re
import subprocess
import sys
import zipfile
from typing import Iterator

import pytest
from mmengine.config import Config

import segvg.registry  # noqa: F401  (mmengine then finds configs of the package)
from segvg.__main__ import find_commands, find_groups
from segvg.utils import mmcv_ops
from segvg.utils.configs import load
from segvg.utils.mmcv_ops import EXTENSION, MissingExtension, provide_mmcv_ext
from tests.toy import ROOT

#: Module -> distribution, where the names differ.
DISTRIBUTIONS = dict(
    PIL='pillow', cv2='opencv-python', yaml='pyyaml', mmengine='onedl-mmengine',
    mmcv='onedl-mmcv', mmdet='onedl-mmdetection')
TINY = 'segvg/segvg_tiny_synthref_l0.py'


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


#: Imports more and more without a network; prints what was found after each.
IMPORTS = """
import gc, json, socket, sys
gc.disable()  # what is imported is no garbage
def refuse(*args, **kwargs): raise AssertionError('network')
socket.socket.connect = refuse
def loaded(*names): return [name for name in names if name in sys.modules]
import segvg.checkpoints
from mmengine.runner.checkpoint import CheckpointLoader
loader = CheckpointLoader._get_checkpoint_loader('a.pth').__module__
from segvg.apis import GroundingInferencer
apis = loaded('mmdet', 'torchvision', 'matplotlib', 'scipy', 'transformers',
              'torch.distributed.optim')
import segvg.models, segvg.datasets, segvg.evaluation, segvg.visualization, segvg.engine
segvg.visualization.GroundingVisualizer()  # as every run makes one
parts = loaded('torchvision', 'mmdet', 'matplotlib')
print(json.dumps(dict(loader=loader, apis=apis, parts=parts)))
"""


@pytest.fixture(scope='module')
def imported():
    return json.loads(run_python(IMPORTS))


@pytest.mark.slow
def test_import_opens_no_connection_and_needs_no_torchvision_or_mmdet(imported):
    assert imported['parts'] == []


@pytest.mark.slow
def test_import_of_the_inferencer_is_light(imported):
    assert imported['apis'] == []


@pytest.mark.slow
def test_importing_the_checkpoints_is_enough(imported):
    """Checkpoints are then read by our loader alone, in mmengine's own code, too."""
    assert imported['loader'] == 'segvg.checkpoints.mmengine_loader'


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


def declared() -> set[str]:
    """Distributions that pyproject.toml names for running: needed ones and extras."""
    text = (ROOT / 'pyproject.toml').read_text('utf-8')
    project = text.split('[project]')[1].split('[project.scripts]')[0]
    lists = re.findall(r'^(\w+) = \[(.*?)\]$', project, re.DOTALL | re.MULTILINE)
    return {name for key, items in lists if key not in ('tests', 'dev')
            for name in re.findall(r"'([\w-]+)", items)}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements below a node; nothing is looked for in expressions."""
    for name in ('body', 'handlers', 'orelse', 'finalbody', 'cases'):
        below = getattr(node, name, None)
        for child in below if isinstance(below, list) else ():
            yield child
            yield from statements(child)


@pytest.mark.slow
def test_everything_imported_is_declared():
    found = set()
    for path in [*(ROOT / 'segvg').rglob('*.py'), *(ROOT / 'tools').rglob('*.py')]:
        for node in statements(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found.update(name.name.partition('.')[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition('.')[0])
    found -= {*sys.stdlib_module_names, 'segvg', 'published_evaluators',
              'synthref_models', 'tests'}
    assert {DISTRIBUTIONS.get(name, name) for name in found} <= declared()


def test_every_tool_is_a_command():
    programs = {command.file for command in find_commands().values()}
    files = {str(path.relative_to(ROOT / 'tools'))
             for path in (ROOT / 'tools').rglob('*.py')}
    assert files - programs == {
        'analysis_tools/published_evaluators.py', 'analysis_tools/synthref_models.py'}
    assert programs <= files
    assert 'others' not in find_groups(), 'segvg/__main__.py gives every tool a place'


def run_command(*arguments, cwd, **kwargs) -> subprocess.CompletedProcess:
    """Run the command from a folder."""
    return subprocess.run([sys.executable, '-m', 'segvg', *map(str, arguments)],
                          cwd=cwd, capture_output=True, text=True, **kwargs)


def test_command_lists_its_programs(tmp_path):
    shown = run_command(cwd=tmp_path).stdout
    assert '  train               Train a model from a config.\n' in shown
    assert all(re.search(rf'^  {name}  +[A-Z]', shown, re.MULTILINE)
               for name in find_commands())
    wrong = run_command('trian', cwd=tmp_path)
    assert wrong.returncode == 2 and 'did you mean train?' in wrong.stderr


def test_command_names_itself_in_help(tmp_path):
    shown = run_command('demo-data', '--help', cwd=tmp_path).stdout
    assert shown.startswith('usage: segvg demo-data ')


def test_config_of_the_package_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'own.py').write_text(f"_base_ = 'segvg::{TINY}'\ncanvas = 32\n")
    expected = load(ROOT / 'configs' / TINY, dict(canvas=32)).to_dict()
    assert load(f'segvg::{TINY}', dict(canvas=32)).to_dict() == expected
    assert load(f'configs/{TINY}', dict(canvas=32)).to_dict() == expected
    assert load('own.py').to_dict() == expected


def test_mmengine_finds_configs_of_the_package(tmp_path):
    (tmp_path / 'own.py').write_text(f"_base_ = 'segvg::{TINY}'\n")
    cfg = Config.fromfile(tmp_path / 'own.py')
    assert cfg.model.head.type == 'SegVGHead'


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """The wheel, unpacked; its folder."""
    folder = tmp_path_factory.mktemp('wheel')
    # As pip does it, without pip.
    build = 'from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])'
    subprocess.run([sys.executable, '-c', f'import sys; {build}', folder], cwd=ROOT,
                   check=True, capture_output=True)
    [wheel] = folder.glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / 'site')
    return folder / 'site'


#: Runs commands in processes that are forked from it: it has imported what others made
#: and takes long, and nothing of this package. What was imported is kept out of their
#: garbage collections, of which one is at their end.
PREPARED = """
import gc, json, os, runpy, sys
gc.disable()
slow = 'transformers', 'torch.distributed.optim'
sys.modules.update(dict.fromkeys(slow))  # for mmengine; see segvg.utils.mmengine_import
import cv2, matplotlib.figure, mmengine.runner, scipy.optimize, torch._dynamo
for name in slow:
    del sys.modules[name]
gc.freeze()
for line in sys.stdin:
    words, log = json.loads(line)
    if not (child := os.fork()):
        gc.enable()
        for stream in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        sys.argv = ['segvg', *words]
        runpy.run_module('segvg', run_name='__main__', alter_sys=True)
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.slow
def test_wheel_works_in_an_empty_folder(installed, tmp_path):
    """Data, training, scores and answers, without a clone."""
    assert (installed / 'segvg/.mim/configs' / TINY).is_file()
    environment = dict(PYTHONPATH=str(installed), PATH='', OMP_NUM_THREADS='1')
    if sys.pycache_prefix:  # where what others made has been compiled
        environment['PYTHONPYCACHEPREFIX'] = sys.pycache_prefix
    folder = tmp_path / 'empty'
    folder.mkdir()
    listed = run_command('download', '--list', cwd=folder, env=environment)
    assert listed.returncode == 0 and 'instancevg-b-refcoco ' in listed.stdout
    with subprocess.Popen(
            [sys.executable, '-c', PREPARED], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as prepared:

        def run(*arguments) -> str:
            log = tmp_path / f'{arguments[0]}.log'
            print(json.dumps([list(map(str, arguments)), str(log)]),
                  file=prepared.stdin, flush=True)
            code = prepared.stdout.readline()
            assert code == '0\n', log.read_text()
            return log.read_text()

        where = run('print-config', f'segvg::{TINY}')
        assert "vocab = 'synthref'" in where
        run('demo-data', '--sizes', 'train=12,val=2,testA=2,testB=0')
        run('train', f'segvg::{TINY}', '--cfg-options', 'train_cfg.max_epochs=1',
            'train_dataloader.batch_size=6', 'optim_wrapper.optimizer.lr=1e-4')
        [image] = sorted(folder.glob('data/**/*.jpg'))[:1]
        run('infer', image, '--text', 'a square', '--out-dir', 'out',
            '--checkpoint', 'work_dirs/segvg_tiny_synthref_l0/epoch_1.pth')
    assert (folder / 'out/predictions.json').is_file()
