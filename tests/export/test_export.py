"""Exported graphs give the numbers of PyTorch and answer in its place."""
import json

import pytest
import torch
from mmengine.registry import DefaultScope

from segvg.apis import GroundingInferencer
from segvg.export.files import (
    Graph,
    check_any_size,
    export_grounder,
    has_fixed_length,
    largest_difference,
    make_example,
    record,
)
from segvg.export.graphs import IMAGE_INPUTS, TEXT_INPUTS, WholeGraph
from segvg.export.run import read_manifest
from segvg.registry import MODELS
from segvg.utils.configs import drop_init, load
from segvg.utils.errors import InputError
from segvg.utils.fast_config_dump import plain_text
from tests.export.quick import converted_quickly, make_shallow, recorded_quickly
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT, make_data, toy_config

CANVAS = (64, 64)
# A config of each kind of head.
METHODS = ('segvg/segvg_tiny_synthref_l0', 'siri/siri_tiny_synthref_l0',
           'reftr/reftr_res_tiny_synthref_l0', 'seqtr/seqtr_tiny_det_synthref_l0',
           'rela/rela_tiny_synthref_l0', 'instancevg/instancevg_tiny_synthref_l1')
# Those that take images of any size.
ANY_SIZE = METHODS[1:4]


def build(name):
    """Model of a small config with random weights; its head is as it is."""
    cfg = load(ROOT / 'configs' / f'{name}.py')
    drop_init(cfg.model)
    make_shallow(cfg.model, 'head')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('segvg'):
        return MODELS.build(cfg.model).eval()


@pytest.mark.slow
@pytest.mark.parametrize('name', METHODS)
@torch.no_grad()
def test_every_method_is_one_graph_for_any_number_of_expressions(name):
    model = build(name)
    try:
        check_any_size(model, 'pt2')
    except ValueError as error:
        assert name not in ANY_SIZE, error
    else:
        assert name in ANY_SIZE
    # A recurrent network is recorded word by word; InstanceVG has six queries: also
    # texts that have fewer words.
    lengths = (5, ) if has_fixed_length(model) else (9, 6)
    graph = Graph('whole', WholeGraph(model), IMAGE_INPUTS + TEXT_INPUTS,
                  make_example(CANVAS, lengths[0], 2), any_size=name in ANY_SIZE)
    graph.module(*graph.args)
    with recorded_quickly():
        run = record(graph).module()
    for longest in lengths:
        found = largest_difference(graph, run, longest)
        assert found and all(value < 1e-5 for value in found.values()), found


def test_foundation_models_are_refused_before_anything_is_loaded(monkeypatch, tmp_path):
    config = 'configs/foundation/owlv2_base_synthref_l0.py'
    message = tool_error(monkeypatch, 'export_model.py', ROOT / config,
                         'google/owlv2-base-patch16-ensemble', '--out', tmp_path / 'x')
    assert message == ('error: OWLv2 is a foundation model of transformers: it cannot '
                       'be exported')
    assert not list(tmp_path.iterdir())


def test_checkpoint_that_holds_its_config_is_enough(monkeypatch, tmp_path):
    """Exporting takes long and is tested below; here only what is exported."""
    name = 'transvg/transvg_tiny_synthref_l0'
    model, cfg = build(name), load(ROOT / 'configs' / f'{name}.py')
    make_shallow(cfg.model, 'head')
    torch.save(dict(state_dict=model.state_dict(), meta=dict(cfg=plain_text(cfg))),
               tmp_path / 'toy.pth')
    calls = []

    def export(grounder, out, **settings):
        calls.append((grounder, settings))
        return dict(settings, fixed_length=False, graphs={})

    monkeypatch.setattr('segvg.export.files.export_grounder', export)
    run_tool(monkeypatch, 'export_model.py', tmp_path / 'toy.pth', '--out',
             tmp_path / 'x')
    (grounder, settings), = calls
    assert (settings['canvas_shape'], settings['max_tokens']) == ((64, 64), 20)
    for one, other in zip(grounder.parameters(), model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_model_by_name_and_its_refusals(monkeypatch, tmp_path, capsys):
    out = ('--out', tmp_path / 'x')
    message = tool_error(monkeypatch, 'export_model.py', 'instancevg-x', *out)
    assert 'instancevg-x' in message and 'instancevg-b-refcoco' in message
    message = tool_error(monkeypatch, 'export_model.py', 'a.export.json', *out)
    assert 'a.export.json' in message
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, 'export_model.py', 'instancevg-b-refcoco', *out,
                 '--cfg-options', 'canvas=32')
    assert 'changes a config file, and none is given' in capsys.readouterr().err


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """Folder with a toy TransVG as a checkpoint and as ONNX files."""
    root = tmp_path_factory.mktemp('export')
    data = make_data(root / 'data')
    cfg = toy_config(ROOT / 'configs/transvg/transvg_tiny_synthref_l0.py', data,
                     root / 'work')
    make_shallow(cfg.model)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('segvg'):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict()), root / 'toy.pth')
    canvas = cfg.canvas
    with converted_quickly():
        manifest = export_grounder(model, root / 'toy', canvas_shape=(canvas, canvas),
                                   max_tokens=20, notes=dict(config=plain_text(cfg)))
    return root, cfg, manifest


@pytest.mark.slow
def test_exported_model_answers_like_the_checkpoint(exported):
    root, cfg, manifest = exported
    assert set(manifest['graphs']) == {'whole', 'image', 'text'}
    image = next((root / 'data' / 'images').iterdir())
    texts = ['left one', 'the big red circle on the right']
    wanted = GroundingInferencer(cfg, root / 'toy.pth', 'cpu')(image, texts)
    found = GroundingInferencer(None, root / 'toy.export.json')(image, texts)
    for one, other in zip(wanted['predictions'][0], found['predictions'][0],
                          strict=True):
        assert other['bbox'] == pytest.approx(one['bbox'], abs=1e-3)
        assert other['score'] == pytest.approx(one['score'], abs=1e-5)
    for settings in (dict(dtype='bfloat16'), dict(compiled=True), dict(folded=True)):
        with pytest.raises(ValueError, match='runs as it was exported, in float32'):
            GroundingInferencer(None, root / 'toy.export.json', **settings)


@pytest.mark.slow
def test_manifest_is_data_from_a_stranger(exported, tmp_path):
    root, _, manifest = exported
    path = tmp_path / 'odd.export.json'

    def told(**changes):
        path.write_text(json.dumps(dict(manifest, **changes)))
        with pytest.raises(InputError) as error:
            read_manifest(path)
        return str(error.value)

    graphs = dict(manifest['graphs'], image=dict(file='../elsewhere.onnx'))
    assert 'in another folder' in told(graphs=graphs)
    assert 'only onnx is run' in told(format='torchscript')
    assert 'not the manifest' in told(canvas_shape='large')
    path.write_text('[]')
    with pytest.raises(InputError, match='not the manifest'):
        read_manifest(path)
    with pytest.raises(FileNotFoundError):
        read_manifest(tmp_path / 'absent.export.json')
    path.write_text((root / 'toy.export.json').read_text())
    (tmp_path / 'toy.image.onnx').write_bytes(b'not a model')
    with pytest.raises(InputError, match='cannot be read as an ONNX model'):
        GroundingInferencer(None, path)
