"""Records drawn before any pipeline."""
import numpy as np
import pytest
from PIL import ExifTags, Image

from segvg.visualization import compose_record
from segvg.visualization.colors import PHRASE_COLORS, TARGET_COLOR
from segvg.visualization.drawing import draw_panels


@pytest.fixture
def record(tmp_path):
    path = tmp_path / 'a.png'
    Image.fromarray(np.full((420, 420, 3), 90, np.uint8)).save(path)
    square = [100, 100, 200, 100, 200, 200, 100, 200]
    return dict(
        img_path=str(path), width=420, height=420, dataset='own', split='val',
        instances=[dict(bbox=[100.0, 100.0, 200.0, 200.0], mask=dict(poly=[square])),
                   dict(bbox=[300.0, 300.0, 400.0, 400.0], mask=None)],
        expressions=[
            dict(text='a man and a dog', targets=[], no_target=False, phrases=[
                dict(span=[[0, 5]], targets=[0]), dict(span=[[10, 15]], targets=[1])]),
            dict(text='both', targets=[0, 1], no_target=False, phrases=None),
            dict(text='the man left of a dog', targets=[0], no_target=False, phrases=[
                dict(span=[[0, 7]], targets=[0]), dict(span=[[16, 21]], targets=[1])]),
            dict(text='a bus', targets=[], no_target=True, phrases=None)])


def pictures(record, **options):
    for drawing in compose_record(record, **options):
        yield draw_panels(drawing.image, drawing.layers)


def has(picture, color):
    return bool((picture == np.array(color, np.uint8)).all(-1).sum() > 100)


def test_phrases_have_colors_of_their_own_and_targets_theirs(record):
    phrases, both, landmark, none = pictures(record)
    assert has(phrases, PHRASE_COLORS[0]) and has(phrases, PHRASE_COLORS[1])
    assert has(both, TARGET_COLOR) and not has(both, PHRASE_COLORS[0])
    assert has(landmark, TARGET_COLOR) and has(landmark, PHRASE_COLORS[0])
    assert not has(none, TARGET_COLOR)


def test_mask_tints_what_it_covers(record):
    _, both, _, none = pictures(record)
    assert (both[150, 150] != none[150, 150]).any()
    assert (both[350, 350] == none[350, 350]).all()


def test_image_is_turned_when_asked_for(record, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new('RGB', (500, 420)).save(tmp_path / 'phone.jpg', exif=exif)
    record.update(img_path=str(tmp_path / 'phone.jpg'), width=420, height=500)
    with pytest.raises(ValueError, match='annotated as 420 x 500; its camera says .* '
                       'with --apply-orientation'):
        next(pictures(record))
    picture = next(pictures(record, apply_orientation=True))
    assert picture.shape == (500, 420, 3)
    record.update(width=500, height=420)
    with pytest.raises(ValueError, match='turned: without --apply-orientation'):
        next(pictures(record, apply_orientation=True))


def test_image_of_another_size_is_an_error(record):
    record['width'] = 400
    with pytest.raises(ValueError, match='420 x 420, annotated as 400 x 420'):
        next(pictures(record))
