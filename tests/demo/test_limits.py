"""What visitors may send."""
import pytest
from PIL import ExifTags, Image

from segvg.demo import limits
from segvg.demo.limits import Question, read_photograph, read_question, read_questions
from segvg.utils.errors import InputError
from tests.demo.made import SIZE, make_photograph


def test_sentences_are_lines():
    assert read_questions('  the  red box \n\n left\tbox\n') == [
        Question('the red box'), Question('left box')]
    assert read_question('[a man] by [two dogs]') == Question(
        'a man by two dogs', ('a man', 'two dogs'))


@pytest.mark.parametrize('typed,message', [
    (None, 'Type a sentence'), (' \n ', 'Type a sentence'),
    ('a\n' * 21, '21 sentences were typed; at most 20'),
    ('x' * 301, 'has 301 characters; at most 300'),
    ('a \x1b[2J man', 'cannot be shown'), ('half \ud800', 'cannot be shown'),
    ('[a man', 'bracket'), ('a [big [red] box]', 'bracket'), ('a [ ] box', 'bracket')])
def test_what_is_not_a_sentence_is_told(typed, message):
    with pytest.raises(InputError, match=message):
        read_questions(typed)


def test_photograph_is_upright(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = make_photograph(tmp_path, 'photo.jpg', exif=exif)
    assert read_photograph(str(path), tmp_path).shape == (*SIZE[::-1], 3)


def test_other_files_are_not_read(tmp_path):
    folder = tmp_path / 'sent'
    folder.mkdir()
    outside = make_photograph(tmp_path)
    (folder / 'link.png').symlink_to(outside)
    for path in (outside, folder / '..' / outside.name, folder / 'link.png', folder,
                 folder / 'missing.png', '/etc/passwd', 'http://example.com/a.png'):
        with pytest.raises(InputError, match='was not sent to this page'):
            read_photograph(str(path), folder)
    with pytest.raises(InputError, match='Choose a photograph'):
        read_photograph(None, folder)


def test_images_follow_the_rules_of_all_images(tmp_path, monkeypatch):
    (tmp_path / 'page.png').write_text('%!PS-Adobe-3.0 EPSF-3.0\n')
    with pytest.raises(InputError, match='^The photograph cannot be read as an image'):
        read_photograph(str(tmp_path / 'page.png'), tmp_path)
    Image.new('1', (10_000, 6_000)).save(tmp_path / 'large.png')
    with pytest.raises(InputError, match='10,000 x 6,000 .* more than 50,000,000'):
        read_photograph(str(tmp_path / 'large.png'), tmp_path)
    path = make_photograph(tmp_path)
    monkeypatch.setattr(limits, 'MAX_UPLOAD', 20)
    with pytest.raises(InputError, match='bytes; at most 20'):
        read_photograph(str(path), tmp_path)
