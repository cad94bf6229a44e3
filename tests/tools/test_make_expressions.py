import json
import random
import re

import pytest

from tests.synthref.photographs.instances import write_instances
from tests.tools.running import run_tool

IMAGES = [[(name, 50, 50, 200, 200), ('dog', 300 + i, 100, 500, 300),
           (name, 250, 330, 350, 450)]
          for i, name in enumerate(['cat', 'zebra', 'bird', 'cow'] * 4)]


def make(monkeypatch, *arguments):
    """Run the tool; return its exit code."""
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'make_expressions.py', *arguments)
    return stop.value.code


def write_crowded(path, images=60, per_image=6.95):
    """Write a file as crowded as COCO val2017: random boxes with outlines."""
    draw = random.Random(0)
    classes = [f'{word} {thing}' for word in ('red', 'old', 'wet', 'odd', 'big', 'dry',
                                              'low', 'hot')
               for thing in ('cat', 'dog', 'cup', 'bus', 'fox', 'box', 'hat', 'pen',
                             'key', 'jug')]
    annotations = []
    for image_id in range(1, images + 1):
        for _ in range(min(int(draw.expovariate(1 / per_image)) + 1, 60)):
            x, y = draw.uniform(0, 560), draw.uniform(0, 420)
            w, h = draw.uniform(10, 640 - x), draw.uniform(10, 480 - y)
            outline = [round(value, 2) for i in range(25) for value in (
                x + w * abs(i - 12) / 12, y + h * (i % 13) / 12)]
            annotations.append(dict(
                id=len(annotations) + 1, image_id=image_id, iscrowd=0,
                category_id=int(draw.triangular(1, 81, 1)), segmentation=[outline],
                bbox=[round(value, 2) for value in (x, y, w, h)], area=w * h * 0.6))
    path.write_text(json.dumps(dict(
        images=[dict(id=number, file_name=f'{number:012d}.jpg', width=640, height=480)
                for number in range(1, images + 1)], annotations=annotations,
        categories=[dict(id=i, name=name) for i, name in enumerate(classes, 1)])))
    return len(annotations)


def test_sentences_are_made_and_counted(tmp_path, monkeypatch, capsys):
    path, out = write_instances(tmp_path / 'a.json', IMAGES), tmp_path / 'out'
    assert make(monkeypatch, path, '--out', out, '--name', 'farm', '--val-share', 0.3,
                '--all-objects') == 0
    printed = capsys.readouterr().out
    assert 'no problems found' in printed and 'farm_val.jsonl' in printed
    meta = json.loads((out / 'farm.meta.json').read_text())
    row = next(line.split() for line in printed.splitlines() if line.startswith('only'))
    splits = sorted(meta['splits'])
    assert splits == ['train', 'val']
    facts = meta['splits']['train']
    assert row[1:] == [str(facts['kinds']['only']), *(
        f'{facts["ceilings"]["only"][name]:.1f}'
        for name in ('random_object', 'random_in_class', 'largest'))]


def test_files_that_are_there_and_their_report_stay(tmp_path, monkeypatch, capsys):
    path, out = write_instances(tmp_path / 'a.json', IMAGES), tmp_path / 'out'
    assert make(monkeypatch, path, '--out', out) == 0
    (out / 'expressions.report.jsonl').write_text('mine')
    assert make(monkeypatch, path, '--out', out) == 2
    assert '--overwrite' in capsys.readouterr().err
    assert (out / 'expressions.report.jsonl').read_text() == 'mine'
    assert make(monkeypatch, path, '--out', out, '--overwrite') == 0
    assert make(monkeypatch, path, '--out', out, '--split', 'val') == 0
    meta = json.loads((out / 'expressions.meta.json').read_text())
    assert sorted(meta['splits']) == ['train', 'val']
    assert all('ceilings' in facts for facts in meta['splits'].values())


@pytest.mark.parametrize('arguments, code, message', [
    (['--call', 'cat'], 2, 'expected CATEGORY=WORDS'),
    (['--call', 'ox=cow'], 2, "'ox' is not a category of the file"),
    (['--val-share', '2'], 2, 'expected a share'),
    (['--kinds', 'middle'], 1, 'no sentence can be made')])
def test_wrong_use_is_one_line(tmp_path, monkeypatch, capsys, arguments, code, message):
    path = write_instances(tmp_path / 'a.json', IMAGES)
    assert make(monkeypatch, path, '--out', tmp_path / 'out', *arguments) == code
    assert message in capsys.readouterr().err


def test_file_that_is_no_instances_file(tmp_path, monkeypatch, capsys):
    (tmp_path / 'a.json').write_text('[1, 2]')
    assert make(monkeypatch, tmp_path / 'a.json', '--out', tmp_path / 'out') == 1
    assert 'a list of images' in capsys.readouterr().err
    assert make(monkeypatch, tmp_path / 'no.json', '--out', tmp_path / 'out') == 2
    assert 'no.json' in capsys.readouterr().err


def test_crowded_images_of_random_boxes_have_sentences(tmp_path, monkeypatch, capsys):
    objects = write_crowded(tmp_path / 'big.json')
    assert objects > 5 * 60
    assert make(monkeypatch, tmp_path / 'big.json', '--out', tmp_path / 'out') == 0
    told = re.search(r'([\d,]+) sentences about ([\d,]+) ', capsys.readouterr().out)
    sentences, images = (int(text.replace(',', '')) for text in told.groups())
    assert 50 < images <= 60 and images < sentences < 4 * objects
