"""Tasks of Label Studio: percent by hand, and that the reader gives back the lines."""
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from segvg.annotations.exporters import Losses, export_label_studio
from segvg.annotations.exporters.label_studio import labeling_config
from segvg.structures.masks import decode_segmentation, encode_rle
from tests.annotations.exporters.test_coco import write
from tests.annotations.readers.sources import exprs_of, read, write_image, write_json

HOLE = np.zeros((10, 20), bool)
HOLE[2:9, 10:18] = True
HOLE[4:6, 12:14] = False
LINE = dict(
    image=dict(id='file:b/a b.jpg', file='b/a b.jpg', width=20, height=10), split='val',
    instances=[
        dict(id=7, bbox=[1.0, 1.0, 5.0, 6.0], category_id=3,
             segm={'poly': [[1, 1, 5, 1, 5, 6, 1, 6]]}),
        dict(id=8, bbox=[10.0, 2.0, 18.0, 9.0], segm={'rle': encode_rle(HOLE)}),
        dict(id=9, bbox=[15.0, 5.0, 25.0, 10.0], category_id=4)],
    exprs=[dict(id=1, text='left cat', targets=[0]),
           dict(id=2, text='the small one', targets=[0]),
           dict(id=3, text='right cat', targets=[1]),
           dict(id=4, text='cup', targets=[2]),
           dict(id=5, text='both cats', targets=[0, 1]),
           dict(id=6, text='a dog', targets=[])])


def export(paths, out, **options):
    out.mkdir(exist_ok=True)
    losses = Losses()
    *written, config = export_label_studio(paths, out, losses, **options)
    tasks = [task for path in written for task in json.loads(path.read_text())]
    return tasks, config, losses.counts


def test_regions_are_in_percent(tmp_path):
    (task,), _, lost = export(write(tmp_path, LINE), tmp_path / 'out')
    assert task['data'] == dict(image='/data/local-files/?d=b/a%20b.jpg', split='val')
    result = task['annotations'][0]['result']
    shapes = [item for item in result if item['type'] != 'textarea']
    polygon, brush, box = shapes[:3]
    assert polygon == dict(
        id='r1', type='polygonlabels', from_name='polygon', to_name='image',
        original_width=20, original_height=10, image_rotation=0, value=dict(
            closed=True, points=[[5, 10], [25, 10], [25, 60], [5, 60]],
            polygonlabels=['cat']))
    assert brush['type'] == 'brushlabels' and brush['value']['format'] == 'rle'
    # 15 to 25 of 20 pixels ends at the border
    assert box['value'] == dict(x=75, y=50, width=25, height=50, rotation=0,
                                rectanglelabels=['cup'])
    texts = [(item['id'], item['value']['text']) for item in result
             if item['type'] == 'textarea']
    assert texts == [('r1', ['left cat', 'the small one']), ('r2', ['right cat']),
                     ('r3', ['cup']), ('r4', ['both cats']), ('r5', ['both cats'])]
    assert lost['left out: sentences with no target'] == 1


def test_read_again_it_is_the_same(tmp_path):
    export(write(tmp_path, LINE), tmp_path / 'out')
    lines, findings = read('label_studio', tmp_path / 'out', join_texts=True)
    assert findings == [] and lines[0]['split'] == 'val'
    line, = lines
    assert line['image']['file'] == 'b/a b.jpg'
    assert [(expr['text'], expr['targets']) for expr in line['exprs']] == [
        ('left cat', [0]), ('the small one', [0]), ('right cat', [1]), ('cup', [2]),
        ('both cats', [0, 1])]
    boxes = [item['bbox'] for item in line['instances']]
    assert np.allclose(boxes, [[1, 1, 5, 6], [10, 2, 18, 9], [15, 5, 20, 10]])
    assert (decode_segmentation(line['instances'][1]['segm'], 10, 20) == HOLE).all()


def test_boxes_only_and_other_addresses(tmp_path):
    (task,), _, _ = export(write(tmp_path, LINE), tmp_path / 'out', boxes_only=True,
                           address='s3://bucket/{}')
    assert task['data']['image'] == 's3://bucket/b/a%20b.jpg'
    assert {item['type'] for item in task['annotations'][0]['result']} == {
        'rectanglelabels', 'textarea'}
    with pytest.raises(ValueError, match='the address of images'):
        export(write(tmp_path, LINE), tmp_path / 'out', address='x')


def test_answers_of_a_model_are_predictions_that_can_be_accepted(tmp_path):
    image = str(write_image(tmp_path / 'photos/a.jpg'))
    box = dict(bbox=[16.0, 12.0, 48.0, 24.0], score=0.75, mask=None)
    path = write_json(tmp_path / 'predictions.json', [
        dict(image=image, text='left man', **box),
        dict(image=image, text='dogs', **box, targets=[
            dict(box, score=0.5), dict(box, bbox=[0.0, 0.0, 32.0, 24.0])]),
        dict(image=image, text='cow', bbox=None, mask=None, score=None)])
    (task,), _, lost = export([path], tmp_path / 'out')
    prediction, = task['predictions']
    assert prediction['model_version'] == 'predictions' and prediction['score'] == 0.5
    first = prediction['result'][0]
    assert first['score'] == 0.75 and first['value'] == dict(
        x=25, y=25, width=50, height=25, rotation=0, rectanglelabels=['object'])
    assert lost == {'left out: sentences with no target': 1}
    # accepted, and exported
    done = dict(task, annotations=[dict(result=prediction['result'])])
    lines, findings = read('label_studio', write_json(tmp_path / 'done.json', [done]),
                           join_texts=True)
    assert findings == []
    assert [(expr['text'], expr['targets']) for expr in exprs_of(lines)] == [
        ('left man', [0]), ('dogs', [0, 1])]


def test_configuration_has_the_controls_that_tasks_name(tmp_path):
    (task,), config, _ = export(write(tmp_path, LINE), tmp_path / 'out')
    view = ElementTree.parse(config).getroot()
    controls = {control.get('name'): control for control in view}
    for item in task['annotations'][0]['result']:
        control = controls[item['from_name']]
        assert control.tag.lower() == item['type'] and control.get('toName') == 'image'
        labels = [label.get('value') for label in control]
        assert all(label in labels for label in item['value'].get(item['type'], ()))
    assert controls['sentence'].get('perRegion') == 'true'
    odd = ElementTree.fromstring(labeling_config(['a "b" & <c>']))
    assert odd[1][0].get('value') == 'a "b" & <c>'
