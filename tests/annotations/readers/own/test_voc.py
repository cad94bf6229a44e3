"""Pascal VOC: boxes that count from 1, splits in lists, XML of unknown origin."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from tests.annotations.readers.sources import brief, exprs_of, read, write_image


def item(name='man', box=(5, 5, 24, 34), more=''):
    cells = ''.join(f'<{key}>{value}</{key}>' for key, value in zip(
        ('xmin', 'ymin', 'xmax', 'ymax'), box))
    return f'<object><name>{name}</name>{more}<bndbox>{cells}</bndbox></object>'


@pytest.fixture
def voc(tmp_path):
    """Write an XML file and read its folder."""
    def call(*objects, name='Annotations/a.xml', size=(64, 48), head='', file='a.jpg',
             **options):
        path = tmp_path / 'set' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sides = f'<size><width>{size[0]}</width><height>{size[1]}</height></size>'
        path.write_text(f'{head}<annotation><filename>{file}</filename>{sides}'
                        f'{"".join(objects)}</annotation>')
        return read('voc', tmp_path / 'set', **options)
    return call


@pytest.mark.parametrize(('box', 'expected'), [
    (None, [4, 4, 24, 34]), ('xyxy', [5, 5, 24, 34]),
    ('xyxy-inclusive', [5, 5, 25, 35])])
def test_boxes_count_from_1_unless_said(voc, box, expected):
    lines, findings = voc(item(), box=box)
    assert findings == [] and lines[0]['instances'][0]['bbox'] == expected
    assert lines[0]['image'] == dict(id='file:a.jpg', file='a.jpg', width=64, height=48)
    assert lines[0]['split'] == 'train'


def test_name_means_all_objects_of_it(voc):
    lines, findings = voc(item(), item('dog', (30, 5, 40, 34)),
                          item(box=(40.5, 5, 50, 34), more='<difficult>1</difficult>'))
    assert findings == []
    assert [(expr['text'], expr['targets']) for expr in exprs_of(lines)] == [
        ('man', [0, 1]), ('dog', [2])]


def test_sentences_may_be_in_another_element(voc):
    lines, _ = voc(item(more='<caption>left man</caption><caption>he</caption>'),
                   text_field='caption')
    assert [expr['text'] for expr in exprs_of(lines)] == ['left man', 'he']
    assert exprs_of(lines)[0]['extra'] == {'name': 'man'}
    lines, findings = voc(item(), text_field='caption')
    assert lines == [] and findings[0].value == '<caption>, the sentence'


@pytest.mark.parametrize(('bad', 'code'), [
    (item('cat', (5, 5, 'x', 34)), 'bad_type'), (item('cat', (5, 5, 24)), 'bad_type'),
    ('<object><name>cat</name></object>', 'box_missing'),
    (item('cat', (30, 5, 24, 34)), 'box_degenerate'),
    (item('cat', (5, 5, 'nan', 34)), 'bad_type'), (item(''), 'expr_empty')])
def test_object_that_cannot_be_used_is_told(voc, bad, code):
    lines, findings = voc(item(), bad)
    assert len(exprs_of(lines)) == 1
    assert brief(findings) == [(code, 'Annotations/a.xml', 'object[1]', 'skip')]


def test_splits_are_those_of_the_lists(voc, tmp_path):
    lists = tmp_path / 'set/ImageSets/Main'
    lists.mkdir(parents=True)
    (lists / 'val.txt').write_text('a\nb  1\n')
    lines, _ = voc(item())
    assert lines[0]['split'] == 'val'
    (lists / 'train.txt').write_text('a\n')
    with pytest.raises(AnnotationFileError, match='a is also in train.txt'):
        voc(item())


def test_sizes_of_0_are_read_from_the_images(voc, tmp_path):
    with pytest.raises(AnnotationFileError, match='say with --images'):
        voc(item(), size=(0, 0))
    write_image(tmp_path / 'set/val/a.jpg')
    lines, findings = voc(item(), size=(0, 0), images=tmp_path / 'set/val')
    assert lines[0]['image']['width'] == 64 and findings == []
    (tmp_path / 'set/Annotations/a.xml').unlink()
    lines, _ = voc(item(), size=(0, 0), name='val/a.xml', images=tmp_path / 'set')
    assert lines[0]['image']['file'] == 'val/a.jpg' and lines[0]['split'] == 'val'


@pytest.mark.parametrize('head', [
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]>', '<open>'])
def test_file_that_is_not_plain_xml_costs_itself(voc, head):
    voc(item('dog'), name='Annotations/b.xml', file='b.jpg')
    lines, findings = voc(item(), head=head)
    assert [expr['text'] for expr in exprs_of(lines)] == ['dog']
    assert brief(findings) == [('bad_container', 'Annotations/a.xml', '', 'skip')]


def test_file_of_another_kind_is_told(voc, tmp_path):
    voc(item())
    (tmp_path / 'set/b.xml').write_text('<svg></svg>')
    (tmp_path / 'set/c.xml').write_text(
        '<annotation><filename>c.jpg</filename></annotation>')
    lines, findings = read('voc', tmp_path / 'set')
    assert len(exprs_of(lines)) == 1
    assert ('bad_type', 'b.xml', '', 'skip') in brief(findings)
    assert ('image_without_expressions', 'c.xml', '', 'keep') in brief(findings)
