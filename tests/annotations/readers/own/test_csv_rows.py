"""CSV and TSV files as people write them: read rightly, or refused in plain words."""
import pytest
from PIL import Image

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from segvg.annotations.readers.base import Context
from tests.annotations.readers.sources import brief, exprs_of, read, write_image

HEADER = 'image,sentence,x1,y1,x2,y2'


@pytest.fixture
def photos(tmp_path):
    for name in ('a.jpg', 'b.jpg', 'c.jpg'):
        write_image(tmp_path / 'photos' / name)
    return tmp_path / 'photos'


@pytest.fixture
def table(tmp_path, photos):
    """Write rows, or bytes, and read them."""
    def call(*rows, header=HEADER, name='own.csv', data=None, **options):
        text = '\n'.join([header, *rows])
        (tmp_path / name).write_bytes(text.encode() if data is None else data)
        return read('csv', tmp_path / name, **{'images': photos, **options})
    return call


def boxes_of(lines):
    return [line['instances'][target]['bbox'] for line in lines
            for expr in line['exprs'] for target in expr['targets']]


def test_rows_of_one_box_are_one_object_with_several_sentences(table):
    lines, findings = table('a.jpg,left man,4,4,24,34', 'b.jpg,dog,1,2,3,4.5',
                            'a.jpg,man on the left,4,4,24,34', 'a.jpg,car,5,4,24,34')
    assert findings == []
    first, second = lines
    assert first['image'] == dict(id='file:a.jpg', file='a.jpg', width=64, height=48)
    assert first['split'] == 'train' and len(first['instances']) == 2
    assert [expr['targets'] for expr in first['exprs']] == [[0], [0], [1]]
    assert [expr['ref_id'] for expr in first['exprs']] == ['line:2', 'line:2', 'line:5']
    assert boxes_of([second]) == [[1, 2, 3, 4.5]]


@pytest.mark.parametrize(('box', 'expected'), [
    (None, [4, 4, 24, 34]), ('xywh', [4, 4, 28, 38]),
    ('xyxy-inclusive', [4, 4, 25, 35])])
def test_box_option_says_how_boxes_are_stored(table, box, expected):
    header = 'image,text,x,y,w,h' if box == 'xywh' else 'image,text,xmin,ymin,xmax,ymax'
    lines, _ = table('a.jpg,man,4,4,24,34', header=header, box=box)
    assert boxes_of(lines) == [expected]


@pytest.mark.parametrize('data', [
    b'\xef\xbb\xbf' + HEADER.encode() + b'\r\na.jpg,caf\xc3\xa9,4,4,24,34\r\n',
    f'{HEADER}\na.jpg,caf\xe9,4,4,24,34'.encode('utf-16'),
    f'{HEADER}\na.jpg,caf\xe9,4,4,24,34'.replace(',', ';').encode(),
    f'{HEADER}\na.jpg,caf\xe9,4,4,24,34'.replace(',', '\t').encode()])
def test_marks_and_delimiters_of_spreadsheets_are_read(table, data):
    lines, findings = table(data=data)
    assert findings == [] and boxes_of(lines) == [[4, 4, 24, 34]]
    assert exprs_of(lines)[0]['text'] == 'caf\xe9'


def test_other_encoding_is_refused_until_it_is_said(table):
    data = f'{HEADER}\na.jpg,caf\xe9,4,4,24,34'.encode('latin-1')
    with pytest.raises(AnnotationFileError, match='line 2 is not UTF-8.*--encoding'):
        table(data=data)
    lines, _ = table(data=data, encoding='cp1252')
    assert exprs_of(lines)[0]['text'] == 'caf\xe9'
    with pytest.raises(AnnotationFileError, match='--encoding klingon is not known'):
        table(data=data, encoding='klingon')


def test_utf16_without_mark_is_named(table):
    with pytest.raises(AnnotationFileError, match='say --encoding utf-16-le'):
        table(data=HEADER.encode('utf-16-le'))


def test_decimal_commas_are_read_where_they_are_certain(table):
    header = HEADER.replace(',', ';')
    lines, findings = table('a.jpg;man;4,25;4,5;24,125;34', header=header)
    assert findings == [] and boxes_of(lines) == [[4.25, 4.5, 24.125, 34]]
    lines, findings = table('a.jpg;man;1,250;4;1,900;34', header=header)
    assert lines == [] and findings[0].code == 'bad_type'
    assert findings[0].value == "x1: '1,250' may be 1.250 or 1250: write one of these"


def test_decimal_commas_between_commas_are_too_many_cells(table):
    lines, findings = table('a.jpg,man,4,25,4,5,24,125,34')
    assert lines == [] and brief(findings) == [
        ('bad_type', 'own.csv', 'line:2', 'skip')]
    assert '9 cells, the header has 6' in findings[0].value


def test_text_in_quotation_marks_may_hold_delimiters_and_line_ends(table):
    lines, findings = table('a.jpg,"a ""big"" man, left\nof it",4,4,24,34',
                            'b.jpg,dog,4,4,24,x')
    assert exprs_of(lines)[0]['text'] == 'a "big" man, left\nof it'
    assert brief(findings) == [('bad_type', 'own.csv', 'line:4', 'skip')]


def test_quotation_mark_that_is_not_closed_loses_no_rows(table):
    with pytest.raises(AnnotationFileError, match='opens in line 2 is not closed'):
        table('a.jpg,"left man,4,4,24,34', 'b.jpg,dog,4,4,24,34')
    lines, findings = table('a.jpg,"left" man,4,4,24,34', 'b.jpg,dog,4,4,24,34')
    assert len(exprs_of(lines)) == 1
    assert brief(findings) == [('bad_type', 'own.csv', 'line:2', 'skip')]


@pytest.mark.parametrize(('row', 'code', 'words'), [
    (',man,4,4,24,34', 'missing_field', 'the name of the image is empty'),
    ('z.jpg,man,4,4,24,34', 'image_missing', 'z.jpg is not in any of the folders'),
    ('a.jpg,,4,4,24,34', 'expr_empty', ''),
    ('a.jpg,man,,,,', 'target_missing', 'write none in its cells'),
    ('a.jpg,man,4,4,24,', 'bad_type', 'y2: expected a number, the cell is empty'),
    ('a.jpg,man,4,4,24,nan', 'bad_type', "y2: expected a number, got 'nan'"),
    ('a.jpg,man,24,34,4,4', 'box_degenerate', ''),
    ('a.jpg,man,104,104,124,134', 'box_outside', '')])
def test_row_that_cannot_be_used_is_told_with_its_line(table, row, code, words):
    lines, findings = table('b.jpg,dog,4,4,24,34', row)
    assert len(exprs_of(lines)) == 1
    assert brief(findings) == [(code, 'own.csv', 'line:3', 'skip')]
    assert words in str(findings[0].value)


def test_columns_are_said_or_known_by_their_names(table):
    lines, _ = table('1,2,5,6,a.jpg,man', header='L,T,R,B,pic,Referring Expression',
                     columns=dict(image='pic', x1='L', y1='t', x2='R', y2='B'))
    assert boxes_of(lines) == [[1, 2, 5, 6]]
    lines, _ = table('a.jpg,man,hombre,1,2,5,6', text_field='es',
                     header='image,sentence,es,X min,y_min,x.max,YMAX')
    assert exprs_of(lines)[0]['text'] == 'hombre'
    assert exprs_of(lines)[0]['extra'] == {'sentence': 'man'}


@pytest.mark.parametrize(('header', 'options', 'words'), [
    ('image,sentence,caption,x1,y1,x2,y2', {},
     'sentence and caption could both be text: say --columns text=sentence'),
    ('image,sentence,x,y,width,height', {}, 'or --box xywh'),
    ('image,x1,y1,x2,y2', {}, 'no column for text; .* --columns text=NAME'),
    (HEADER, dict(columns=dict(image='pic')), "no column 'pic' for image"),
    (HEADER, dict(columns=dict(left='x1')), '--columns has no left; there are image'),
    (HEADER + ',x1', {}, "two columns have the name 'x1'"),
    ('', {}, 'is empty')])
def test_columns_that_cannot_be_told_are_refused(table, header, options, words):
    with pytest.raises(ValueError, match=words):
        table(header=header, **options)


def test_split_comes_from_the_option_the_column_or_the_file(table):
    rows = ('a.jpg,man,4,4,24,34,Validation', 'b.jpg,dog,4,4,24,34,')
    header = HEADER + ',split'
    lines, _ = table(*rows, header=header)
    assert [line['split'] for line in lines] == ['val', 'train']
    lines, _ = table(*rows, header=header, name='own_test.csv')
    assert [line['split'] for line in lines] == ['val', 'test']
    lines, _ = table(*rows, header=header, split='testA')
    assert [line['split'] for line in lines] == ['testA', 'testA']
    lines, findings = table('a.jpg,man,4,4,24,34,holdout', header=header)
    assert lines == [] and brief(findings) == [
        ('split_unknown', 'own.csv', 'line:2', 'skip')]


def test_files_of_one_set_differ_in_their_splits(tmp_path, photos):
    for split, name in (('train', 'a.jpg'), ('val', 'b.jpg')):
        (tmp_path / f'shop_{split}.csv').write_text(
            f'{HEADER}\n{name},man,4,4,24,34\n')
    lines, _ = read('csv', tmp_path, images=photos)
    assert [line['split'] for line in lines] == ['train', 'val']
    names = [source.name for source in READERS['csv']([tmp_path], ReadOptions())]
    assert names == ['shop']


def test_sentence_of_several_objects_or_of_none(table):
    header = HEADER + ',sentence_id'
    lines, findings = table('a.jpg,both men,4,4,24,34,7', 'a.jpg,both men,30,4,60,34,7',
                            'b.jpg,a red bus,none,none,none,none,8', header=header)
    assert findings == []
    assert [expr['targets'] for expr in exprs_of(lines)] == [[0, 1], []]
    rows = ('a.jpg,man,4,4,24,34', 'a.jpg,man,30,4,60,34')
    lines, findings = table(*rows)
    assert len(exprs_of(lines)) == 2 and findings[0].code == 'expr_ambiguous'
    lines, findings = table(*rows, join_texts=True)
    assert exprs_of(lines)[0]['targets'] == [0, 1] and findings == []


def test_masks_are_pictures_beside_the_table(table, tmp_path):
    mask = Image.new('L', (64, 48))
    mask.paste(1, (4, 4, 24, 34))
    (tmp_path / 'masks').mkdir()
    mask.save(tmp_path / 'masks/1.png')
    header = HEADER + ',mask'
    lines, findings = table('a.jpg,man,4,4,24,34,masks\\1.png',
                            'b.jpg,dog,,,,,masks/1.png', header=header)
    assert findings == []
    assert [line['instances'][0]['segm'] for line in lines] == [
        {'file': 'masks/1.png'}] * 2
    assert [line['instances'][0]['bbox'] for line in lines] == [[4, 4, 24, 34], None]
    lines, findings = table('a.jpg,man,4,4,24,34,masks/2.png', header=header)
    assert lines == [] and findings[0].code == 'mask_missing'


def test_sizes_come_from_the_table_or_the_images(table):
    rows = ('a.jpg,man,4,4,24,34,100,50',)
    header = HEADER + ',image_width,image_height'
    lines, _ = table(*rows, header=header, images=None)
    assert lines[0]['image']['width'] == 100
    with pytest.raises(AnnotationFileError, match='line:2 does not say the size of the '
                       'image a.jpg: say with --images'):
        table('a.jpg,man,4,4,24,34', images=None)


def test_images_are_found_by_paths_of_other_machines(table, photos):
    write_image(photos / 'sub/d.jpg')
    lines, findings = table('C:\\my photos\\a.jpg,man,4,4,24,34',
                            '/home/me/b.jpg,dog,4,4,24,34', 'sub/d.jpg,cat,4,4,24,34')
    assert findings == []
    assert [line['image']['file'] for line in lines] == ['a.jpg', 'b.jpg', 'sub/d.jpg']


def test_two_images_are_never_taken_for_one(table, photos):
    _, findings = table('x/a.jpg,man,4,4,24,34', 'y/a.jpg,dog,4,4,24,34')
    assert [found.code for found in findings] == ['image_missing'] * 2
    with pytest.raises(AnnotationFileError, match='Are these two images'):
        table('../a.jpg,man,4,4,24,34', 'a.jpg,dog,4,4,24,34')


def test_conventions_are_told(table, monkeypatch):
    said = []
    monkeypatch.setattr('mmengine.logging.print_log',
                        lambda message, **_: said.append(message))
    table('a.jpg,man,4,4,24,34')
    columns, box, split = said
    assert "text is 'sentence'" in columns and 'cells between commas' in columns
    assert 'x2 and y2 are the first column and row outside' in box
    assert '1 records do not say of which split they are, so they are train' in split


def test_normalized_boxes_and_sizes_as_corners_are_suspected(tmp_path, photos):
    from segvg.annotations.checks import Report
    for rows, words in (
            (['a.jpg,man,0.1,0.1,0.5,0.5'] * 3, 'are they normalised'),
            (['a.jpg,man,40,30,20,10'] * 3, 'are sizes read as corners')):
        (tmp_path / 'own.csv').write_text('\n'.join([HEADER, *rows]))
        options, report = ReadOptions(images=photos), Report()
        source = READERS['csv']([tmp_path / 'own.csv'], options)[0]
        list(source.sentences(Context(report, options)))
        list(source.lines(report, options))
        assert words in report.boxes.suspicion()


def test_missing_tables_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no \*.csv or \*.tsv in'):
        READERS['csv']([tmp_path], ReadOptions())
