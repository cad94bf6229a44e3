"""YOLO folders: boxes and polygons, names of classes, images beside the labels."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from segvg.annotations.readers.own.yolo import load_class_names
from tests.annotations.readers.sources import brief, exprs_of, read, write_image


@pytest.fixture
def yolo(tmp_path):
    """Write label files and read their folder."""
    root = tmp_path / 'set'
    write_image(root / 'images/train/a.jpg')
    write_image(root / 'images/val/b.png')

    def call(lines, name='labels/train/a.txt', names='names: [man, dog]', **options):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines)
        (root / 'data.yaml').write_text(names)
        return read('yolo', root, **{'images': root / 'images', **options})
    return call


def test_boxes_are_centers_and_sizes_and_polygons_are_masks(yolo):
    lines, findings = yolo('0 0.5 0.5 0.25 0.5\n1 0.25 0.25 0.75 0.25 0.75 0.75\n')
    assert findings == []
    line = lines[0]
    assert line['image'] == dict(id='file:train/a.jpg', file='train/a.jpg', width=64,
                                 height=48)
    assert line['split'] == 'train'
    assert [found['bbox'] for found in line['instances']] == [
        [24, 12, 40, 36], [16, 12, 48, 36]]
    assert line['instances'][1]['segm'] == {'poly': [[16, 12, 48, 12, 48, 36]]}
    assert [(expr['text'], expr['targets']) for expr in line['exprs']] == [
        ('man', [0]), ('dog', [1])]


def test_name_of_a_class_means_all_its_objects(yolo):
    lines, findings = yolo('0 0.2 0.5 0.1 0.5\n1 0.5 0.5 0.1 0.5\n0 0.8 0.5 0.1 0.5\n')
    assert findings == []
    assert [(expr['text'], expr['targets']) for expr in exprs_of(lines)] == [
        ('man', [0, 1]), ('dog', [2])]
    lines, findings = yolo('0 0.2 0.5 0.1 0.5\n0 0.8 0.5 0.1 320\n')
    assert lines == [] and brief(findings) == [
        ('bad_type', 'labels/train/a.txt', 'line:2', 'skip')]


@pytest.mark.parametrize(('line', 'words'), [
    ('0 320 240 20 30', 'are these pixels'), ('0 0.5 0.5 0.1 0.5 0.9', 'a prediction'),
    ('0 0.5 0.5 0.1', '3 numbers after the class'), ('0 0.1 0.1 0.5 0.5 0.5 0.5 0.1',
                                                     '7 numbers after the class'),
    ('7 0.5 0.5 0.1 0.5', 'class 7 has no name; named are 0 to 1'),
    ('man 0.5 0.5 0.1 0.5', "number of a class, got 'man'"),
    ('0 0,5 0.5 0.1 0.5', "expected a number, got '0,5'"), ('0', '0 numbers')])
def test_line_that_cannot_be_used_is_told(yolo, line, words):
    lines, findings = yolo(f'1 0.5 0.5 0.1 0.5\n\n{line}\n')
    assert [expr['text'] for expr in exprs_of(lines)] == ['dog']
    assert brief(findings) == [('bad_type', 'labels/train/a.txt', 'line:3', 'skip')]
    assert words in findings[0].value


def test_splits_and_endings_come_from_the_folders(yolo):
    yolo('0 0.5 0.5 0.25 0.5')
    lines, findings = yolo('0 0.5 0.5 0.25 0.5', name='labels/val/b.txt')
    assert [line['split'] for line in lines] == ['train', 'val']
    assert lines[1]['image']['file'] == 'val/b.png' and findings == []
    _, findings = yolo('', name='labels/val/b.txt')
    assert findings[0].code == 'image_without_expressions'
    _, findings = yolo('0 0.5 0.5 0.25 0.5', name='labels/val/c.txt')
    assert 'image_missing' in {found.code for found in findings}


@pytest.mark.parametrize(('name', 'content', 'names'), [
    ('data.yaml', 'names:\n  0: man\n  3: dog\n', {0: 'man', 3: 'dog'}),
    ('data.yaml', 'nc: 2\nnames: [man, dog]', {0: 'man', 1: 'dog'}),
    ('classes.txt', '\ufeffman\r\ndog\r\n\r\n', {0: 'man', 1: 'dog'})])
def test_names_of_classes_are_read(tmp_path, name, content, names):
    (tmp_path / name).write_bytes(content.encode())
    assert load_class_names(tmp_path / name) == names


@pytest.mark.parametrize(('name', 'content', 'words'), [
    ('data.yaml', 'names: {a: man}', 'expected names'),
    ('data.yaml', '[', 'not plain YAML'),
    ('data.yaml', 'nc: 2', 'expected names'), ('classes.txt', 'man\n\ndog', 'expected'),
    ('data.yaml', 'names: [!!python/object:os.system x]', 'not plain YAML')])
def test_names_that_cannot_be_read_are_refused(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(AnnotationFileError, match=words):
        load_class_names(tmp_path / name)


def test_folder_without_names_labels_or_images_is_refused(tmp_path, yolo):
    for words, error in (('folder .* does not exist', FileNotFoundError),
                         ('names the classes', FileNotFoundError)):
        with pytest.raises(error, match=words):
            READERS['yolo']([tmp_path / 'none'], ReadOptions())
        (tmp_path / 'none').mkdir(exist_ok=True)
    (tmp_path / 'none/classes.txt').write_text('man')
    with pytest.raises(FileNotFoundError, match='no text files of labels'):
        READERS['yolo']([tmp_path / 'none'], ReadOptions())
    with pytest.raises(ValueError, match='say with --images'):
        yolo('0 0.5 0.5 0.25 0.5', images=None)
