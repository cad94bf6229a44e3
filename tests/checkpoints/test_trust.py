"""Nothing in the package reads weights or pickles by another way than the safe one."""
import ast

import pytest

from tests.toy import ROOT

#: File -> the calls in it that are right, and why.
ADMITTED = {
    # our own reader is behind CheckpointLoader by then
    'segvg/checkpoints/initializers.py': {'CheckpointLoader.load_checkpoint'},
    # takes weights that our own reader has read, and no name
    'segvg/models/huggingface/encoder.py': {'kind.from_pretrained'},
    # safetensors only, and no code of the model (trust_remote_code=False)
    'segvg/models/grounders/foundation/published.py': {
        'AutoTokenizer.from_pretrained', 'kind.from_pretrained',
        'class_of(name).from_pretrained', 'network.config_class.from_pretrained'},
    # checks the file that it has just written
    'segvg/export/files.py': {'torch.jit.load'},
    # fetches files and reads none of them; load_checkpoint reads them
    'segvg/hub/published.py': {'HubModel.from_pretrained'},
    # tensors only, of files that this comparison has just written for its processes
    'segvg/bench/published/child.py': {'torch.load'},
    'segvg/bench/published/ours.py': {'torch.load'},
    'segvg/bench/published/pair.py': {'torch.load'},
    # with a loader that makes plain values only
    'segvg/utils/safe_yaml.py': {'yaml.load'},
    # runs the tools of the package
    'segvg/__main__.py': {'exec'},
    # a config is a program: this says what its bases are, and that runs it
    'segvg/utils/config_file.py': {'eval'},
    'segvg/utils/config_reading.py': {'exec'},
}
FORBIDDEN_MODULES = ('joblib', 'dill', 'cloudpickle', 'shelve', 'marshal')
FORBIDDEN_CALLS = {
    'torch.load', 'torch.hub.load', 'torch.hub.load_state_dict_from_url',
    'torch.jit.load',
    'pickle.load', 'pickle.loads', 'pickle.Unpickler', 'yaml.load', 'yaml.full_load',
    'yaml.unsafe_load', 'np.load', 'numpy.load', 'eval', 'exec', 'loadmat',
    'load_state_dict_from_url', 'load_url', 'from_pretrained',
    'CheckpointLoader.load_checkpoint', '_load_checkpoint', 'pd.read_pickle'}


def python_files():
    return sorted(path for folder in ('segvg', 'tools', 'examples')
                  for path in (ROOT / folder).rglob('*.py'))


def calls(tree):
    """The dotted name and the keywords of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield name, {word.arg: word.value for word in node.keywords}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ''
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def is_forbidden(name, keywords):
    short = name.rpartition('.')[2]
    if name not in FORBIDDEN_CALLS and short not in (
            'from_pretrained', '_load_checkpoint'):
        return False
    if name in ('np.load', 'numpy.load'):
        value = keywords.get('allow_pickle')
        return not (isinstance(value, ast.Constant) and value.value is False)
    return True


@pytest.mark.slow
def test_weights_and_pickles_are_read_by_the_safe_readers():
    wrong = []
    for path in python_files():
        tree, name = ast.parse(path.read_text('utf-8')), str(path.relative_to(ROOT))
        allowed = ADMITTED.get(path.relative_to(ROOT).as_posix(), set())
        wrong += [f'{name} calls {call}' for call, keywords in calls(tree)
                  if is_forbidden(call, keywords) and call not in allowed
                  and call.rpartition('.')[2] not in allowed]
        wrong += [f'{name} imports {module}' for module in imported(tree)
                  if module.split('.')[0] in FORBIDDEN_MODULES]
    assert not wrong


def test_nobody_is_told_to_read_a_file_unsafely():
    for path in python_files():
        assert 'weights_only=False' not in path.read_text('utf-8'), path


def test_the_walk_sees_what_it_looks_for():
    tree = ast.parse('import torch, numpy as np\ntorch.load("a")\nnp.load("b")\n'
                     'np.load("c", allow_pickle=False)\nX.from_pretrained("d")')
    assert [name for name, keywords in calls(tree) if is_forbidden(name, keywords)] == [
        'torch.load', 'np.load', 'X.from_pretrained']
    assert ROOT / 'segvg/checkpoints/io.py' in python_files()
