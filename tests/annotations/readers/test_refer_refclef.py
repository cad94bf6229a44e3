"""RefCLEF: the REFER layout with images of SAIAPR TC-12."""
from tests.annotations.readers.sources import (
    annotation,
    brief,
    read,
    ref,
    sentence,
    write_image,
    write_refer,
)

MASK = [{'size': [48, 64], 'counts': [0, 3072]}]


def test_images_and_masks_are_those_of_saiapr(tmp_path):
    refs = [ref(1, 5, 25, file_name='25_1.jpg', split='testAB'),
            ref(2, 6, 26, file_name='26_2.jpg', split='testC')]
    objects = [annotation(5, 25, bbox=[0, 0, 64, 48], area=3072, segmentation=MASK),
               annotation(6, 26)]
    images = [dict(id=25, file_name='25.jpg', width=64, height=48),
              dict(id=26, width=64, height=48)]
    folder = write_refer(tmp_path / 'refclef', refs, images, objects, 'berkeley')
    for number in (25, 26):
        write_image(tmp_path / f'images/saiapr_tc-12/{number}.jpg')
    lines, findings = read('refer_refclef', folder, images=tmp_path)
    assert findings == []
    assert [(line['split'], line['image']['id'], line['image']['file'])
            for line in lines] == [
        ('testAB', 'saiapr:25', 'images/saiapr_tc-12/25.jpg'),
        ('testC', 'saiapr:26', 'images/saiapr_tc-12/26.jpg')]
    assert 'coco_id' not in lines[0]['image']
    assert lines[0]['instances'][0]['segm']['rle']['size'] == [48, 64]


def test_file_name_of_another_image_is_noted(tmp_path):
    refs = [ref(1, 5, 25, sentences=[sentence(1, 'sky')], file_name='26_1.jpg')]
    images = [dict(id=25, file_name='25.jpg', width=64, height=48)]
    folder = write_refer(tmp_path / 'refclef', refs, images, [annotation(5, 25)])
    _, findings = read('refer_refclef', folder)
    assert brief(findings) == [('file_name_mismatch', 'refs(unc).p', 'refs[0]', 'keep')]
