import json

import numpy as np
import pytest
from PIL import Image

from segvg.annotations.exporters.answers import Found, is_card, read_answers
from segvg.annotations.files.errors import AnnotationFileError
from segvg.structures.images import BrokenImageError
from segvg.structures.masks import encode_rle
from tests.annotations.readers.sources import write_image, write_json

MASK = encode_rle(np.eye(48, 64, dtype=bool))
BEST = dict(bbox=[1.0, 2.0, 3.0, 4.0], score=0.5, mask=MASK)
ROW = dict(dataset='own', split='val', expr_idx=0, img_id='file:a.jpg', expr_id=1,
           text='cat', img_path='photos/a.jpg', size=[48, 64], targets=[],
           bboxes=[[1, 2, 3, 4]], scores=[0.5], mask=MASK)


def answers(path, *records, images=None):
    return list(read_answers(write_json(path, list(records)), images))


def test_predictions_of_infer(tmp_path):
    image = str(write_image(tmp_path / 'a.png'))
    first, second, third = answers(
        tmp_path / 'predictions.json',
        dict(image=image, picture='0.jpg', text='cat', **BEST, no_target=False),
        dict(image=image, text='dogs', **BEST, targets=[BEST, dict(BEST, mask=None)]),
        dict(image=image, text='cow', bbox=None, score=None, mask=None, no_target=True,
             targets=[]))
    assert first.size == (64, 48) and first.image == image
    assert first.found == [Found([1, 2, 3, 4], {'rle': MASK}, 0.5)]
    assert [item.segm for item in second.found] == [{'rle': MASK}, None]
    assert third.text == 'cow' and third.found == []


def test_size_is_that_of_the_upright_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (64, 48)).save(tmp_path / 'a.jpg', exif=exif)
    answer, = answers(tmp_path / 'p.json', dict(image='a.jpg', text='cat', **BEST),
                      images=tmp_path)
    assert answer.size == (48, 64)


def test_rows_of_a_card(tmp_path):
    path = tmp_path / 'card.jsonl'
    several = dict(ROW, bboxes=[[1, 2, 3, 4], [5, 6, 7, 8]], scores=[0.5, 0.4])
    path.write_text(''.join(json.dumps(row) + '\n' for row in (ROW, several)))
    assert is_card(path)
    first, second = read_answers(path, None)
    assert first.size == (64, 48) and first.found[0].segm == {'rle': MASK}
    assert [item.segm for item in second.found] == [None, None]   # a mask of both
    path.write_text('{"image": {}, "instances": []}\n')
    assert not is_card(path)


@pytest.mark.parametrize('record, words', [
    (5, r'\[0\]: 5, expected an object'),
    (dict(image='a.png'), r'\[0\].text: None'),
    (dict(image=None, text='cat'), 'about an array has no image'),
    (dict(image='{}', text='cat', **dict(BEST, bbox=[1, 2])), r'\.bbox: \[1, 2\]'),
    (dict(image='{}', text='cat', targets=5), r'\.targets: 5')])
def test_wrong_record_is_named(tmp_path, record, words):
    image = str(write_image(tmp_path / 'a.png'))
    if isinstance(record, dict) and record.get('image') == '{}':
        record['image'] = image
    with pytest.raises(AnnotationFileError, match=words):
        answers(tmp_path / 'p.json', record, images=tmp_path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(AnnotationFileError, match='expected the list that infer.py'):
        list(read_answers(write_json(tmp_path / 'a.json', dict(metrics={})), None))
    with pytest.raises(BrokenImageError, match='no.png'):
        answers(tmp_path / 'p.json', dict(image='no.png', text='cat', **BEST))
    (tmp_path / 'card.jsonl').write_text(json.dumps(dict(ROW, scores=[])) + '\n')
    with pytest.raises(AnnotationFileError, match='line:1: expected a size'):
        list(read_answers(tmp_path / 'card.jsonl', None))
