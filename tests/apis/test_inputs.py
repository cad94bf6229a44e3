"""Files, folders, patterns, addresses, lists and pictures in memory."""
import json

import numpy as np
import pytest
from PIL import ExifTags, Image

from segvg.apis import inputs
from segvg.apis.inputs import (
    check_any_readable,
    check_images,
    list_questions,
    picture_names,
    read_input,
    stem_of,
)
from segvg.structures.images import BrokenImageError
from segvg.utils.errors import InputError

PIXELS = np.random.RandomState(0).randint(0, 255, (6, 8, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A folder with two images and a text."""
    for name in ('b.png', 'a.PNG'):
        Image.fromarray(PIXELS).save(tmp_path / name)
    (tmp_path / 'notes.txt').write_text('no image')
    return tmp_path


def names(questions):
    return [question.image.rpartition('/')[2] for question in questions]


def test_folder_and_pattern_are_expanded(folder):
    assert names(list_questions(folder, 'red')) == ['a.PNG', 'b.png']
    assert names(list_questions(f'{folder}/*.png', 'red')) == ['b.png']
    assert names(list_questions([f'{folder}/**/b.p*', str(folder)], 'red')) == [
        'b.png', 'a.PNG', 'b.png']
    questions = list_questions(folder, [['red'], ['blue', 'left']])
    assert [question.texts for question in questions] == [['red'], ['blue', 'left']]


def test_nothing_found_is_told(tmp_path):
    with pytest.raises(InputError, match=r'has no image \(\.jpg, '):
        list_questions(tmp_path, 'red')
    with pytest.raises(FileNotFoundError, match=r'no file matches .*\*\.jpg'):
        list_questions(f'{tmp_path}/*.jpg', 'red')
    with pytest.raises(ValueError, match='no image was given'):
        list_questions([], 'red')
    with pytest.raises(ValueError, match='no expression was given for 1'):
        list_questions('a.jpg')


def test_file_of_images_and_sentences(folder):
    lines = [dict(image='a.PNG', text='red', id=7), dict(image='b.png'),
             dict(image='https://a.org/c.jpg', text=['blue', 'left'])]
    path = folder / 'asked.jsonl'
    path.write_text('\n\n'.join(map(json.dumps, lines)) + '\n')
    questions = list_questions([path, PIXELS], 'the box')
    assert [question.texts for question in questions] == [
        ['red'], ['the box'], ['blue', 'left'], ['the box']]
    assert questions[0].image == str(folder / 'a.PNG')
    assert questions[2].image == 'https://a.org/c.jpg'
    with pytest.raises(ValueError, match='no expression was given for 1'):
        list_questions(path)
    path.write_text('{"image": "a.PNG", "text": "red"}')
    with pytest.raises(ValueError, match='every image has its own in'):
        list_questions(path, 'blue')


@pytest.mark.parametrize('line, told', [
    ('{"image": "a.PNG"', 'line 2 is not JSON'), ('["a.PNG"]', 'is not an object'),
    ('{"text": "red"}', 'line 2 has no image'), ('{"image": 3}', 'has no image'),
    ('{"image": "a.PNG", "text": ""}', "line 2: text is ''"),
    ('{"image": "a.PNG", "text": ["red", 3]}', r"text is \"\['red', 3\]\""),
    ('[' * 100_000, 'is not JSON')])
def test_line_that_is_something_else_is_named(tmp_path, line, told):
    path = tmp_path / 'asked.jsonl'
    path.write_text(f'{{"image": "a.PNG", "text": "red"}}\n{line}\n')
    with pytest.raises(InputError, match=told):
        list_questions(path)
    with pytest.raises(FileNotFoundError, match='none.jsonl does not exist'):
        list_questions(tmp_path / 'none.jsonl')


def test_pixels_are_upright_rgb_whatever_they_come_in(folder):
    image = Image.fromarray(PIXELS)
    np.testing.assert_array_equal(read_input(PIXELS), PIXELS)
    np.testing.assert_array_equal(read_input(PIXELS[..., ::-1], 'bgr'), PIXELS)
    np.testing.assert_array_equal(read_input(image), PIXELS)
    np.testing.assert_array_equal(read_input(folder / 'b.png'), PIXELS)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8  # stored a quarter turn to the right
    image.transpose(Image.Transpose.ROTATE_270).save(folder / 'phone.png', exif=exif)
    with Image.open(folder / 'phone.png') as phone:
        np.testing.assert_array_equal(read_input(phone), PIXELS)
    clear = Image.new('RGBA', (2, 2), (0, 0, 0, 0))
    assert (read_input(clear) == 255).all()  # transparent pixels become white


def test_address_is_fetched_and_read_as_a_file(folder, monkeypatch):
    content = dict(photo=(folder / 'b.png').read_bytes(), page=b'<html>')

    def fetch(url):
        name = url.rpartition('/')[2]
        if name not in content:
            raise InputError(f'{url} cannot be fetched: the server answers 404')
        return content[name]

    monkeypatch.setattr(inputs, 'fetch', fetch)
    np.testing.assert_array_equal(read_input('http://a.org/photo'), PIXELS)
    with pytest.raises(BrokenImageError, match='http://a.org/page cannot be read as'):
        read_input('http://a.org/page')
    with pytest.raises(BrokenImageError, match='none cannot be fetched'):
        read_input('http://a.org/none')


def test_picture_that_is_too_large_is_refused():
    with pytest.raises(BrokenImageError, match='the image has 20,000 x 10,000 pixels'):
        read_input(Image.new('1', (20_000, 10_000)))


def test_missing_file_is_an_error_before_or_while_reading():
    with pytest.raises(FileNotFoundError, match='image none.jpg does not exist'):
        check_images(['none.jpg'])
    check_images(['none.jpg', 'http://a.org/b.jpg'], missing_too=False)
    with pytest.raises(BrokenImageError, match='image none.jpg does not exist'):
        read_input('none.jpg')


@pytest.mark.slow
def test_files_none_of_which_is_an_image_are_refused_first(folder):
    (folder / 'page.jpg').write_text('<html>404</html>')
    Image.new('1', (20_000, 10_000)).save(folder / 'huge.png')
    bad = [folder / 'page.jpg', folder / 'huge.png']
    with pytest.raises(InputError, match='2 of 2 images have no answer: .*page.jpg '
                       'cannot be read as an image .*; .*huge.png is too large'):
        check_any_readable(bad)
    check_any_readable([*bad, np.zeros((4, 4, 3), np.uint8)])
    check_any_readable([*bad, 'https://example.org/a.jpg'])
    check_any_readable([*bad, folder / 'b.png'])


def test_names_of_pictures():
    assert list(picture_names('x/car.png', 3, 2, together=False)) == [
        '0003_0_car.jpg', '0003_1_car.jpg']
    assert list(picture_names(PIXELS, 0, 2, together=True)) == ['0000_image.jpg']
    assert stem_of('http://a.org/x%20y/a%2Fb.jpg?size=3') == 'b'
    assert stem_of('http://a.org') == 'image'
