import json

import pytest

from segvg.annotations.canonical import CanonicalFile
from tests.annotations.readers.sources import write_image, write_json
from tests.tools.running import run_tool
from tests.toy import make_data

pytestmark = pytest.mark.slow


def test_files_are_written_and_losses_listed(tmp_path, monkeypatch, capsys):
    data = make_data(tmp_path / 'data')
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'refer', data / 'toy_val.jsonl',
                 data / 'toy_train.jsonl', '--out', tmp_path / 'out')
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert 'changed: image ids' in printed and 'instances.json' in printed


def test_missing_file_is_one_line(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'odvg', tmp_path / 'no_val.jsonl',
                 '--out', tmp_path)
    assert stop.value.code == 2 and 'no_val.jsonl' in capsys.readouterr().err


def test_files_that_are_there_are_replaced_only_when_asked(tmp_path, monkeypatch,
                                                           capsys):
    data, out = make_data(tmp_path / 'data'), tmp_path / 'out'
    out.mkdir()
    (out / 'instances.json').write_text('mine')
    for more, code in (([], 2), (['--overwrite'], 0)):
        with pytest.raises(SystemExit) as stop:
            run_tool(monkeypatch, 'export_data.py', 'refer', data / 'toy_val.jsonl',
                     '--out', out, *more)
        assert stop.value.code == code
        is_mine = (out / 'instances.json').read_text() == 'mine'
        assert is_mine == bool(code) and len(list(out.iterdir())) == (1 if code else 2)
    assert 'instances.json exists already' in capsys.readouterr().err


def test_labeling_interface_is_written_beside_the_tasks(tmp_path, monkeypatch, capsys):
    data, out = make_data(tmp_path / 'data'), tmp_path / 'out'
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'label_studio', data / 'toy_val.jsonl',
                 '--out', out, '--image-address', 'http://localhost/{}')
    assert stop.value.code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        'label_studio.xml', 'toy_val_tasks.json']
    assert 'Labeling Interface' in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'odvg', data / 'toy_val.jsonl',
                 '--out', out, '--boxes-only')
    assert stop.value.code == 2 and 'for label_studio' in capsys.readouterr().err


def test_predictions_come_back_from_label_studio_with_the_same_boxes(
        tmp_path, monkeypatch, capsys):
    """Out as tasks with predictions, corrected, and in again as annotations."""
    photo = write_image(tmp_path / 'photos/a b.jpg')  # 64 x 48
    first, second = [3.0, 5.0, 40.5, 31.25], [41.0, 8.0, 60.0, 44.0]
    found = write_json(tmp_path / 'predictions.json', [
        dict(image=str(photo), text=text, bbox=box, score=0.75, mask=None)
        for text, box in (('left cup', first), ('right cup', second))])
    for folder, target in ((tmp_path / 'tasks', 'label_studio'),
                           (tmp_path / 'fo', 'fiftyone')):
        with pytest.raises(SystemExit) as stop:
            run_tool(monkeypatch, 'export_data.py', target, found, '--out', folder)
        assert stop.value.code == 0, capsys.readouterr().err
    task, = json.loads((tmp_path / 'tasks/predictions_tasks.json').read_text())
    done = write_json(tmp_path / 'project.json', [label_studio_export(task)])
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'prepare_data.py', 'label_studio', done, '--images',
                 photo.parent, '--split', 'train', '--name', 'cups', '--out',
                 tmp_path / 'ann')
    assert stop.value.code == 0, capsys.readouterr()
    line, = CanonicalFile(tmp_path / 'ann/cups_train.jsonl')
    assert [expr['text'] for expr in line['exprs']] == ['the left cup', 'right cup']
    boxes = [line['instances'][expr['targets'][0]]['bbox'] for expr in line['exprs']]
    assert boxes[0] == pytest.approx(first) and boxes[1] == pytest.approx(second)


def label_studio_export(task: dict) -> dict:
    """A task as Label Studio's documented JSON export has it.

    The annotator accepted the prediction and corrected the first sentence.
    """
    prediction, = task['predictions']
    result = [dict({key: value for key, value in item.items() if key != 'score'},
                   origin='prediction') for item in prediction['result']]
    text = next(item for item in result if item['type'] == 'textarea')
    text['value'] = dict(text['value'], text=['the left cup'])
    text['origin'] = 'prediction-changed'
    annotation = dict(
        id=1001, completed_by=1, result=result, was_cancelled=False, ground_truth=False,
        created_at='2026-01-02T10:00:00.000000Z', lead_time=12.5, prediction=dict(
            prediction, id=7, task=1), result_count=len(result), task=1,
        unique_id='8a1c', updated_at='2026-01-02T10:00:12.500000Z')
    return dict(id=1, annotations=[annotation], drafts=[], predictions=[7],
                data=task['data'], meta={}, file_upload=None, project=1, inner_id=1,
                total_annotations=1, cancelled_annotations=0, total_predictions=1)
