"""COCO files with sentences: what is in them, and that the reader gives it back."""
import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from segvg.annotations.canonical import CanonicalFile, CanonicalWriter
from segvg.annotations.exporters import EXPORTERS, Losses
from segvg.annotations.exporters.coco import export_fiftyone
from segvg.structures.masks import encode_rle
from tests.annotations.readers.sources import read, write_image, write_json

MASK = {'poly': [[1.0, 1.0, 5.0, 1.0, 5.0, 6.0, 1.0, 6.0]]}
LINE = dict(
    image=dict(id='file:b/a.jpg', file='b/a.jpg', width=20, height=10), split='val',
    instances=[dict(id=7, bbox=[1.0, 1.0, 5.0, 6.0], category_id=3, area=20.0,
                    iscrowd=0, segm=MASK),
               dict(id=8, bbox=[10.0, 2.0, 18.0, 9.0], category_id=3, area=56.0,
                    iscrowd=0),
               dict(id=9, bbox=[0.0, 0.0, 3.0, 3.0], category_id=4, area=9.0,
                    iscrowd=0, ref=False)],
    exprs=[dict(id=1, ref_id=1, text='left cat', targets=[0]),
           dict(id=2, ref_id=1, text='the small one', targets=[0]),
           dict(id=3, ref_id=2, text='right cat', targets=[1]),
           dict(id=4, text='both cats', targets=[0, 1]),
           dict(id=5, text='a dog', targets=[])])


def write(folder, *lines, name='own'):
    meta = dict(categories={'3': 'cat', '4': 'cup'})
    with CanonicalWriter(folder, name, meta) as out:
        for line in lines:
            out.write(line)
    return sorted(folder.glob(f'{name}_*.jsonl'))


def export(paths, out):
    losses = Losses()
    return EXPORTERS['coco'](paths, out, losses), losses.counts


def test_annotation_has_its_sentences(tmp_path):
    (path,), lost = export(write(tmp_path, LINE), tmp_path / 'out')
    assert path.name == 'own_val.json'
    content = json.loads(path.read_text())
    assert content['images'] == [dict(
        id=10**9, file_name='b/a.jpg', width=20, height=10, split='val')]
    first, second, third = content['annotations']
    assert first == dict(
        id=7, image_id=10**9, category_id=3, area=20.0, bbox=[1, 1, 4, 5], iscrowd=0,
        segmentation=MASK['poly'], sentences=['left cat', 'the small one'])
    assert second['sentences'] == ['right cat'] and second['bbox'] == [10, 2, 8, 7]
    assert 'sentences' not in third
    assert content['categories'] == [dict(id=3, name='cat'), dict(id=4, name='cup')]
    assert lost['left out: sentences with several targets'] == 1
    assert lost['left out: sentences with no target'] == 1


def test_answers_of_a_model_are_detections_with_sentence_and_score(tmp_path):
    image = str(write_image(tmp_path / 'a.jpg'))  # 64 x 48
    mask = np.zeros((48, 64), bool)
    mask[4:20, 2:30] = True
    best = dict(bbox=[2.0, 4.0, 30.0, 20.0], score=0.75, mask=encode_rle(mask))
    path = write_json(tmp_path / 'found.json', [
        dict(image=image, text='left "man"', **best),
        dict(image=image, text='dogs', **best, targets=[best, dict(best, mask=None)]),
        dict(image=image, text='cow', bbox=None, mask=None, score=None)])
    losses = Losses()
    written, = EXPORTERS['coco']([path], tmp_path / 'out', losses)
    assert losses.counts == {'left out: sentences with no target': 1}
    coco = COCO(written)
    assert [coco.imgs[1_000_000_000][key] for key in ('file_name', 'width', 'height')
            ] == [image, 64, 48]
    first, second, third = coco.anns.values()
    assert (first['sentence'], first['score']) == ('left "man"', 0.75)
    assert first['bbox'] == [2, 4, 28, 16] and coco.annToMask(first).sum() == mask.sum()
    assert second['sentence'] == third['sentence'] == 'dogs'
    assert third['segmentation'] == []
    lines, _ = read('coco', tmp_path / 'out', split='val')  # what is read again
    assert [expr['text'] for line in lines for expr in line['exprs']] == [
        'left "man"', 'dogs', 'dogs']


def test_fiftyone_finds_labels_and_images(tmp_path):
    """FiftyOne: labels.json, and data.json with a path for each name of an image."""
    paths, losses = write(tmp_path / 'ann', LINE), Losses()
    photos = tmp_path / 'photos'
    with pytest.raises(FileNotFoundError, match='--images names the folder'):
        EXPORTERS['fiftyone'](paths, tmp_path / 'out', losses)
    write_image(photos / 'b/a.jpg')
    labels, data = export_fiftyone(paths, tmp_path / 'out', losses, images=photos)
    assert [path.relative_to(tmp_path / 'out').as_posix() for path in (labels, data)
            ] == ['own_val/labels.json', 'own_val/data.json']
    content, places = json.loads(labels.read_text()), json.loads(data.read_text())
    assert places == {'b/a.jpg': str(photos / 'b/a.jpg')}
    assert content['annotations'][0]['sentences'] == ['left cat', 'the small one']
    assert {image['file_name'] for image in content['images']} == set(places)


def test_read_again_it_is_the_same(tmp_path):
    train = dict(LINE, split='train', image=dict(LINE['image'], id='file:c.jpg',
                                                 file='c.jpg'))
    paths = write(tmp_path, LINE, train)
    export(paths, tmp_path / 'out')
    lines, findings = read('coco', tmp_path / 'out', all_objects=True)
    assert {found.code for found in findings} <= {'mask_missing',
                                                  'ref_without_sentences'}
    expected = [line for path in paths for line in CanonicalFile(path)]
    assert sorted(line['split'] for line in lines) == ['train', 'val']
    for line in lines:
        other, = (item for item in expected if item['split'] == line['split'])
        assert line['image']['file'] == other['image']['file']
        keys = ('id', 'bbox', 'category_id', 'segm')
        assert [[item.get(key) for key in keys] for item in line['instances']] == [
            [item.get(key) for key in keys] for item in other['instances']]
        assert [(expr['text'], expr['targets']) for expr in line['exprs']] == [
            ('left cat', [0]), ('the small one', [0]), ('right cat', [1])]
