"""Foundation models through the tools: scores, cards, comparison, errors, pictures."""
import json
import shutil
from pathlib import Path

import pytest

from segvg.apis import GroundingInferencer
from segvg.bench.card import read_card, read_header, read_rows
from segvg.bench.errors import analyze
from segvg.demo.desk import Desk
from segvg.demo.start import make_browser, make_model
from segvg.utils.configs import load
from tests.models.grounders.foundation.tiny_models import TINY, WRITERS, sam2
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT

pytestmark = pytest.mark.slow
IMAGES = 10
FOLDER = ROOT / 'configs/foundation'
CONFIGS = sorted(FOLDER.glob('*.py'))
#: Type of a grounder -> its config on gRefCOCO, or else on RefCOCO.
BY_TYPE = dict(
    GroundingDINO='grounding_dino_tiny_grefcoco', OWLv2='owlv2_base_grefcoco',
    MMGroundingDINO='mm_grounding_dino_tiny_grefcoco', SAM3='sam3_grefcoco',
    Florence2='florence2_base_refcoco', Qwen3VL='qwen3_vl_4b_grefcoco',
    Qwen25VL='qwen25_vl_7b_refcoco')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Images of SynthRef L1: one target, several or none."""
    folder = tmp_path_factory.mktemp('synthref')
    with pytest.MonkeyPatch.context() as patch:
        run_tool(patch, 'make_synthref.py', '--level', 'L1', '--seed', 7, '--out',
                 folder, '--sizes', f'train=0,val={IMAGES},testA=0,testB=0',
                 '--sentences', 2, '--format', 'canonical')
    return folder


def tiny_config(name, data, work_dir, **changes):
    """A published config on the images, as a file; answers in words are short."""
    cfg = load(FOLDER / f'{name}.py')
    single = 'grefcoco' not in name
    cfg.test_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False)
    cfg.test_dataloader.dataset.update(
        data_root=f'{data}/', ann_file='canonical/synthref_L1_val.jsonl',
        data_prefix=dict(img='images/'), only_single_target=single)
    cfg.model.update(dtype='float32', **changes)
    if cfg.model.type in WRITERS:
        cfg.model.max_new_tokens = 8
    cfg.visualizer.update(vis_backends=[], name=f'{name}_{work_dir.name}')
    cfg.work_dir, cfg.log_level = str(work_dir / 'work'), 'ERROR'
    path = work_dir / f'{name}.py'
    cfg.dump(path)
    return path


@pytest.fixture(scope='module')
def cards(data, tmp_path_factory):
    """Config, folder of the weights and card of each type, made once."""
    made = {}

    def get(kind):
        if kind not in made:
            work = tmp_path_factory.mktemp(kind)
            config = tiny_config(BY_TYPE[kind], data, work)
            weights = TINY[kind](work / 'weights')
            with pytest.MonkeyPatch.context() as patch:
                run_tool(patch, 'test.py', config, weights, '--card', work / 'c.json')
            made[kind] = config, weights, work / 'c.json'
        return made[kind]
    return get


@pytest.mark.parametrize('kind', TINY)
def test_every_model_is_scored(kind, cards, capsys):
    config, weights, card = cards(kind)
    header = read_header(card)
    assert header['data']['images'] >= IMAGES - 1
    assert header['weights']['file'] == 'weights'
    assert len(header['weights']['sha256']) == 64
    assert all(0 <= score <= 100 for score in header['scores'].values())
    # SynthRef is drawn by this package: no published model has seen it
    assert header['leakage'] == 'clean'
    entry = header['foundation']
    assert entry['name'] == load(config).model.name and '{text}' in entry['prompt']
    rows = read_rows(card)
    if kind in WRITERS:
        assert entry['parser'].endswith(' 1.0')
        assert entry['unreadable'] == sum(row['unreadable'] for row in rows)
        assert all(row['answer_text'] for row in rows)
    if kind == 'Qwen3VL':  # random words: every answer is a miss
        assert entry['unreadable'] == len(rows)
        assert header['scores']['grec/Pr@(F1=1)'] == header['scores']['grec/N-acc'] == 0


def test_cards_are_compared_and_explained(cards, data, monkeypatch, capsys):
    run_tool(monkeypatch, 'compare.py', cards('OWLv2')[2], cards('GroundingDINO')[2])
    assert 'grec/Pr@(F1=1)' in capsys.readouterr().out
    second = cards('Qwen3VL')[2]
    score, cases = analyze(read_card(second), read_rows(second), data)
    assert score == 'grec/Pr@(F1=1)' and len(cases) == len(read_rows(second))
    assert {case.error for case in cases} <= {
        'background', 'false positive', 'incomplete'}


@pytest.mark.parametrize('kind', ['GroundingDINO', 'Qwen3VL'])
def test_page_of_errors_has_pictures_of_them(kind, cards, data, tmp_path, monkeypatch,
                                             capsys):
    run_tool(monkeypatch, 'analysis_tools/analyze_errors.py', cards(kind)[2],
             '--data-root', data, '--out-dir', tmp_path)
    assert 'background' in capsys.readouterr().out
    page = (tmp_path / 'c_errors.html').read_text()
    assert load(cards(kind)[0]).filename.rsplit('/')[-1].split('.')[0] in page
    assert page.count('<img') >= 3
    tables = json.loads((tmp_path / 'c_errors.json').read_text())
    assert tables['score'] == 'grec/Pr@(F1=1)'
    assert sum(tables['all']['errors'].values()) == pytest.approx(100)


@pytest.mark.parametrize('kind', ['OWLv2', 'SAM3', 'Qwen3VL'])
def test_demo_page_asks_and_compares(kind, cards, data, tmp_path):
    """The desk is what the buttons of the page call."""
    models = [make_model(str(cards(name)[0]), str(cards(name)[1]), 'cpu')
              for name in (kind, 'GroundingDINO')]
    desk = Desk(models, tmp_path, make_browser(None, '', str(cards(kind)[2]),
                                               str(data)))
    photograph = shutil.copy(next((data / 'images').rglob('*.jpg')), tmp_path)
    shown = desk.ask(photograph, 'red circle\nthe blue square')
    assert 'class="error"' not in shown.html and 'red circle' in shown.html
    answers = json.loads(Path(shown.json).read_text())['answers']
    assert len(answers) == 2 and Path(shown.pictures[0]).is_file()
    shown = desk.compare(photograph, 'red circle')
    assert 'class="error"' not in shown.html
    assert all(Path(picture).is_file() for picture in shown.pictures)
    group = next(iter(desk.browser.groups))
    assert Path(desk.browse(group, 1).pictures[0]).is_file()


def test_threshold_is_chosen_and_used(cards, tmp_path, monkeypatch, capsys):
    """It belongs to the weights in the folder, whose hash stands on the card too."""
    config, weights, card = cards('OWLv2')
    chosen = tmp_path / 't.json'
    run_tool(monkeypatch, 'analysis_tools/choose_threshold.py', config, weights,
             '--out', chosen)
    found = json.loads(chosen.read_text())
    assert found['checkpoint_sha256'] == read_header(card)['weights']['sha256']
    run_tool(monkeypatch, 'test.py', config, weights, '--no-target-threshold', chosen)
    assert f'score_threshold {found["threshold"]:.2f}' in capsys.readouterr().out
    told = tool_error(monkeypatch, 'test.py', config, cards('GroundingDINO')[1],
                      '--no-target-threshold', chosen)
    assert 'was chosen for other weights' in told


def test_training_is_refused(cards, monkeypatch):
    told = tool_error(monkeypatch, 'train.py', cards('OWLv2')[0])
    assert 'its model is scored, not trained' in told


def test_boxes_become_masks(data, tmp_path, monkeypatch):
    refiner = dict(type='Sam2Refiner', name=str(sam2(tmp_path / 'sam2')))
    config = tiny_config('grounding_dino_tiny_sam2_refcoco', data, tmp_path,
                         mask_refiner=refiner)
    weights = TINY['GroundingDINO'](tmp_path / 'weights')
    run_tool(monkeypatch, 'test.py', config, weights, '--out', tmp_path / 's.json',
             '--card', tmp_path / 'c.json', '--show-dir', tmp_path / 'pictures',
             '--cfg-options', 'default_hooks.visualization.max_pictures=8')
    scores = json.loads((tmp_path / 's.json').read_text())
    assert {'rec/acc@0.5', 'res/mIoU'} <= scores['metrics'].keys()
    rows = read_rows(tmp_path / 'c.json')
    assert len(rows) > 8 and all(row['mask'] for row in rows)
    assert len(list((tmp_path / 'pictures').iterdir())) == 8


@pytest.mark.parametrize('kind', ['OWLv2', 'Qwen3VL', 'SAM3'])
def test_inferencer_answers(kind, cards, data, tmp_path):
    config, weights, _ = cards(kind)
    image = next((data / 'images').rglob('*.jpg'))
    ground = GroundingInferencer(config, weights, 'cpu')
    found = ground(image, ['red circle', 'blue square'], out_dir=tmp_path)
    answers = found['predictions'][0]
    assert [answer['text'] for answer in answers] == ['red circle', 'blue square']
    assert len(list(tmp_path.glob('*.jpg'))) == 2
    if kind == 'Qwen3VL':
        assert answers[0]['unreadable'] and answers[0]['answer_text']


def test_model_that_cannot_be_reached_is_told(cards, monkeypatch):
    config, weights, _ = cards('OWLv2')
    told = tool_error(monkeypatch, 'test.py', config, 'google/owlv2-base-patch16')
    assert 'neither a folder nor a model on the hub' in told
    assert 'name that folder' in told
    told = tool_error(monkeypatch, 'test.py', config, weights, '--require-clean',
                      '--cfg-options', 'model.name=other/model',
                      'test_dataloader.dataset.ann_file=missing.jsonl')
    assert 'annotations' in told


def test_configs_load_and_name_their_command():
    from segvg.leakage.declared import published_names, read_declarations
    known = read_declarations()['models']
    for path in CONFIGS:
        text, cfg = path.read_text(), load(path)
        assert f'python tools/test.py {path.relative_to(ROOT)}' in text
        assert cfg.model.name in text.split('"""')[1]
        assert set(published_names(cfg.model)) <= set(known), path
        assert cfg.train_dataloader is None and cfg.get('optim_wrapper') is None
