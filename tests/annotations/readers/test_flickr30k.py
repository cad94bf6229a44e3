"""The reader of Flickr30k Entities: sentences, XML, lists, and every finding."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from segvg.annotations.readers.flickr30k import parse_sentence
from tests.annotations.readers.sources import brief, exprs_of, read, write_image

MAN = '[/EN#11/people A man] sits .'
XML, TEXT = 'Annotations/1001.xml', 'Sentences/1001.txt'


def bndbox(*corners):
    values = ''.join(f'<{name}>{value}</{name}>' for name, value in zip(
        ('xmin', 'ymin', 'xmax', 'ymax'), corners, strict=False))
    return f'<bndbox>{values}</bndbox>'


def element(*chains, box=(1, 1, 20, 30), more=''):
    """An ``object`` element."""
    names = ''.join(f'<name>{chain}</name>' for chain in chains)
    return f'<object>{names}{bndbox(*box) if box else ""}{more}</object>'


def flags(scene, nobndbox):
    return f'<scene>{scene}</scene><nobndbox>{nobndbox}</nobndbox>'


def write(root, objects=None, sentences=(MAN,), name='1001', split='val',
          size='<size><width>60</width><height>40</height></size>', head=''):
    """Add an image to a source folder."""
    for folder in ('Annotations', 'Sentences'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    objects = [element(11)] if objects is None else objects
    (root / f'Annotations/{name}.xml').write_text(
        f'{head}<annotation>{size}{"".join(objects)}</annotation>')
    text = '\n'.join(sentences)
    (root / f'Sentences/{name}.txt').write_bytes(
        text if isinstance(text, bytes) else text.encode())
    with open(root / f'{split}.txt', 'a') as stream:
        stream.write(f'{name}\n')
    return root


def read_set(root, **options):
    lines, findings = read('flickr30k_entities', root, **options)
    return lines, brief(findings)


@pytest.mark.parametrize(('line', 'text', 'phrases'), [
    ('[/EN#11/people A man] and [/EN#12/animals/other two dogs] .',
     'A man and two dogs .', [('11', ['people'], [0, 5]),
                              ('12', ['animals', 'other'], [10, 18])]),
    ('The [/EN#0/notvisual it]', 'The it', [('0', ['notvisual'], [4, 6])]),
    ('[/EN#1/other A man], who\tsits', 'A man, who sits', [('1', ['other'], [0, 5])]),
    ('plain ] words [ here]', 'plain ] words [ here]', [])])
def test_brackets_become_phrases(line, text, phrases):
    sentence = parse_sentence(line)
    assert (sentence.text, sentence.notes, sentence.error) == (text, [], None)
    assert [(found.chain, found.types, found.span) for found in sentence.phrases] == (
        phrases)


@pytest.mark.parametrize(('line', 'text', 'codes'), [
    ('[/EN#1/other A man ] sits', 'A man sits', ['sentence_space_before_bracket']),
    ('[/EN#1/other ] sits', 'sits', ['sentence_space_before_bracket', 'span_empty']),
    ('[/EN#1/other] sits', 'sits', ['span_empty']),
    ('[/EN#1 man] sits', 'man sits', ['bad_type'])])
def test_odd_brackets_are_noted(line, text, codes):
    sentence = parse_sentence(line)
    assert sentence.text == text and sentence.error is None
    assert [code for code, _ in sentence.notes] == codes


@pytest.mark.parametrize(('line', 'code'), [
    ('[/EN#1/other A man sits', 'sentence_unclosed_bracket'),
    ('[/EN#1/other A [/EN#2/other man] ]', 'sentence_unclosed_bracket'),
    ('the[/EN#1/other man]', 'sentence_unclosed_bracket'), ('[/EN#/ a]', 'bad_type')])
def test_sentence_that_cannot_be_read_has_an_error(line, code):
    assert parse_sentence(line).error[0] == code


def test_captions_share_the_objects_of_their_image(tmp_path):
    write(tmp_path, [element(11), element(12, 11, box=(25, 10, 34, 19)),
                     element(13, box=None, more=flags(1, 0)),
                     element(14, box=None, more=flags(0, 1))],
          ['[/EN#12/animals Dogs] at [/EN#13/scene a lake] .', '', MAN + '\r',
           '[/EN#14/other Idea]'])
    (tmp_path / 'UNRELATED_CAPTIONS').write_text('# image, sentence\n1001 3')
    lines, findings = read_set(tmp_path)
    assert findings == [('caption_without_boxes', TEXT, 'line:4', 'keep')]
    assert lines[0]['image'] == dict(id='flickr30k:1001', file='1001.jpg', width=60,
                                     height=40)
    assert [(found['id'], found['bbox']) for found in lines[0]['instances']] == [
        ('1', [24, 9, 34, 19]), ('0', [0, 0, 20, 30])]
    assert lines[0]['exprs'] == [
        dict(id='1001#0', caption=True, src=[0, 0], text='Dogs at a lake .',
             targets=[0], phrases=[
                 dict(span=[[0, 4]], targets=[0], id='12', types=['animals']),
                 dict(span=[[8, 14]], targets=[], id='13', types=['scene'],
                      scene=True)]),
        dict(id='1001#1', caption=True, src=[0, 0], text='A man sits .', targets=[0, 1],
             phrases=[dict(span=[[0, 5]], targets=[0, 1], id='11', types=['people'])]),
        dict(id='1001#2', caption=True, src=[0, 0], text='Idea', targets=[],
             unrelated=True, phrases=[dict(span=[[0, 4]], targets=[], id='14',
                                           types=['other'], nobox=True)])]


OBJECTS = dict(
    flat=([element(11, box=(9, 9, 3, 20))], 'box_degenerate', 'box_dropped'),
    away=([element(11, box=(90, 9, 95, 20))], 'box_outside', 'box_dropped'),
    nan=([element(11, box=(9, 9, 'nan', 20))], 'box_not_finite', 'box_dropped'),
    words=([element(11, box=(9, 9, 'wide', 20))], 'bad_type', 'box_dropped'),
    three=([element(11, box=(9, 9, 20))], 'missing_field', 'box_dropped'),
    nothing=([element(11, box=None)], 'missing_field', 'box_dropped'),
    border=([element(11, box=(0, 1, 20, 30))], 'box_partly_outside', 'keep'),
    odd_flag=([element(11, box=None, more=flags('yes', 0))], 'bad_type', 'keep'),
    thin=([element(11, box=(9.5, 9, 9.5, 20))], None, 'keep'),
    claim=([element(11, more=flags(0, 1))], 'nobox_conflict', 'keep'),
    both=([element(11, box=None, more=flags(0, 1)), element(11)], 'nobox_conflict',
          'keep'))


@pytest.mark.parametrize('name', OBJECTS)
def test_finding_of_an_object(tmp_path, name):
    objects, code, action = OBJECTS[name]
    lines, findings = read_set(write(tmp_path, objects))
    found = [finding for finding in findings if finding[1] == XML]
    assert found == ([(code, XML, 'object[0]', action)] if code else [])
    has_box = bool(exprs_of(lines)[0]['targets'])
    assert has_box == (name in ('border', 'both', 'claim', 'thin'))
    assert has_box != (('caption_without_boxes', TEXT, 'line:1', 'keep') in findings)
    assert 'nobox' not in exprs_of(lines)[0]['phrases'][0]


def test_objects_that_no_phrase_names_are_not_checked(tmp_path):
    objects = [element(11), element(12, box=(9, 9, 3, 2)), element(13)]
    lines, findings = read_set(write(tmp_path, objects))
    assert findings == [] and len(lines[0]['instances']) == 1
    lines, findings = read_set(tmp_path, all_objects=True)
    assert findings == [('box_degenerate', XML, 'object[1]', 'box_dropped')]
    assert [found.get('ref') for found in lines[0]['instances']] == [None, False]


SENTENCES = dict(
    ghost=('[/EN#99/other Ghost] .', 'phrase_without_annotation', 'keep'),
    blank=('[/EN#11/people ]', 'expr_empty', 'skip'),
    punctuation=('. .', 'expr_empty_after_clean', 'keep'),
    open=('[/EN#11/people A man', 'sentence_unclosed_bracket', 'skip'),
    stray=('[/EN#11/people A man ] .', 'sentence_space_before_bracket', 'keep'))


@pytest.mark.parametrize('name', SENTENCES)
def test_finding_of_a_sentence(tmp_path, name):
    line, code, action = SENTENCES[name]
    lines, findings = read_set(write(tmp_path, sentences=[MAN, '', line]))
    assert (code, TEXT, 'line:3', action) in findings
    assert all(found[1:3] == (TEXT, 'line:3') for found in findings)
    ids = [expr['id'] for expr in exprs_of(lines)]
    assert ids == ['1001#0'] + ['1001#1'] * (action == 'keep')


def test_bytes_that_are_not_utf8_are_read_as_latin1(tmp_path):
    write(tmp_path)
    (tmp_path / TEXT).write_bytes('caf\xe9 [/EN#11/people A man]'.encode('latin1'))
    lines, findings = read_set(tmp_path)
    assert findings == [('bytes_decoded_latin1', TEXT, 'line:1', 'keep')]
    assert exprs_of(lines)[0]['text'] == 'caf\xe9 A man'


@pytest.mark.parametrize(('size', 'code'), [
    ('', 'missing_field'), ('<size><width>60</width></size>', 'missing_field'),
    ('<size><width>0</width><height>4</height></size>', 'bad_type'),
    ('<size><width>x</width><height>4</height></size>', 'bad_type')])
def test_image_without_a_size_is_skipped(tmp_path, size, code):
    lines, findings = read_set(write(tmp_path, size=size))
    assert findings == [(code, 'val.txt', 'line:1', 'skip')]
    assert lines == []


def test_lists_are_checked(tmp_path):
    write(tmp_path, split='train')
    write(tmp_path)
    (tmp_path / 'val.txt').write_text('1001\r\n\r\n1001\r\n1003\r\n../1001\r\n')
    (tmp_path / 'UNRELATED_CAPTIONS').write_text(
        '1001 2\n1001 one\n1001\n7 6\n8 1\n# 1 1')
    lines, findings = read_set(tmp_path)
    assert findings == [
        ('bad_type', 'UNRELATED_CAPTIONS', 'line:2', 'keep'),
        ('bad_type', 'UNRELATED_CAPTIONS', 'line:3', 'keep'),
        ('unrelated_out_of_range', 'UNRELATED_CAPTIONS', 'line:1', 'keep'),
        ('split_leak', 'val.txt', 'line:1', 'keep'),
        ('id_duplicate', 'val.txt', 'line:3', 'keep'),
        ('image_missing', 'val.txt', 'line:4', 'skip'),
        ('image_missing', 'val.txt', 'line:5', 'skip'),
        ('unrelated_out_of_range', 'UNRELATED_CAPTIONS', 'line:4', 'keep')]
    assert [(line['split'], [expr['id'] for expr in line['exprs']])
            for line in lines] == [('train', ['1001#0']), ('val', ['1001#0',
                                                                   '1001#0#1'])]


def test_image_without_captions_is_reported(tmp_path):
    lines, findings = read_set(write(tmp_path, sentences=['', ' ']))
    assert findings == [('image_without_expressions', TEXT, '', 'keep')]
    assert lines == []


def test_images_are_looked_for(tmp_path):
    write(tmp_path / 'a')
    write(tmp_path / 'a', name='1002', size='<filename>7.jpg</filename><size><width>50'
          '</width><height>40</height></size>')
    write_image(tmp_path / 'b/flickr30k_images/1002.jpg', 60, 40)
    lines, findings = read_set(tmp_path / 'a', images=tmp_path / 'b')
    assert findings == [
        ('image_missing', 'val.txt', 'line:1', 'skip'),
        ('image_size_mismatch', 'Annotations/1002.xml', 'size', 'keep'),
        ('file_name_mismatch', 'Annotations/1002.xml', 'filename', 'keep')]
    assert lines[0]['image']['file'] == 'flickr30k_images/1002.jpg'


@pytest.mark.parametrize('name', ['valid', 'dev', 'validation'])
def test_other_names_of_val_are_lists_too(tmp_path, name):
    write(write(tmp_path, split='train'), name='1002', split=name)
    lines, findings = read_set(tmp_path)
    assert [line['split'] for line in lines] == ['train', 'val']
    assert findings == [('split_alias', f'{name}.txt', '', 'keep')]


@pytest.mark.parametrize(('name', 'said', 'own', 'image_id', 'file'), [
    ('1001', '', False, 'flickr30k:1001', '1001.jpg'),
    ('1001', '1001.png', False, 'flickr30k:1001', '1001.jpg'),  # Flickr's are .jpg
    ('1001', '1001.png', True, 'file:1001.png', '1001.png'),
    ('hall_1', 'hall_1.png', False, 'file:hall_1.png', 'hall_1.png'),
    ('hall_1', '', False, 'file:hall_1.jpg', 'hall_1.jpg')])
def test_own_images_have_the_names_that_the_annotation_says(
        tmp_path, name, said, own, image_id, file):
    size = '<size><width>60</width><height>40</height></size>'
    write(tmp_path, name=name, size=f'<filename>{said}</filename>{size}')
    lines, findings = read_set(tmp_path, images_are='own' if own else None)
    assert lines[0]['image'] == dict(id=image_id, file=file, width=60, height=40)
    assert [found[0] for found in findings] == ['file_name_mismatch'] * (
        bool(said) and said != file)


@pytest.mark.parametrize('head', ['<!DOCTYPE a [<!ENTITY x "y">]>', '<a>'])
def test_unsafe_or_broken_xml_is_an_error(tmp_path, head):
    with pytest.raises(AnnotationFileError, match='1001.xml'):
        read_set(write(tmp_path, head=head))


def test_folder_must_hold_annotations_and_lists(tmp_path):
    with pytest.raises(FileNotFoundError, match='expected to hold Annotations/'):
        READERS['flickr30k_entities']([tmp_path], ReadOptions())
