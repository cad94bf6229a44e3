"""The same photograph under two names is found by the content of its file."""
import numpy as np
import pytest
from PIL import Image

from segvg.annotations import image_copies
from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.image_copies import find_copies
from tests.leakage.planted import coco_image, write_canonical


def photo(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def lines_of(folder, name, files, in_coco=False):
    images = [dict(id=f'file:{file}', file=file) for file in files]
    if in_coco:
        images = [coco_image(number) for number in files]
    return CanonicalFile(write_canonical(folder, name, 'train', images))


@pytest.fixture
def sets(tmp_path):
    """Pictures 0 to 4 as ``a<n>.png`` and 3 to 7 as ``b<n>.png``."""
    for name, numbers in (('a', range(5)), ('b', range(3, 8))):
        for number in numbers:
            photo(tmp_path / name / f'{name}{number}.png', number)
    return (lines_of(tmp_path, 'a', [f'a{number}.png' for number in range(5)]),
            lines_of(tmp_path, 'b', [f'b{number}.png' for number in range(3, 8)]))


def names(found):
    return [(image['file'], twin['file']) for image, twin in found]


def test_copies_are_found_under_other_names(sets, tmp_path):
    a, b = sets
    assert names(find_copies(a, tmp_path / 'a', b, tmp_path / 'b')) == [
        ('a3.png', 'b3.png'), ('a4.png', 'b4.png')]
    assert names(find_copies(b, tmp_path / 'b', a, tmp_path / 'a')) == [
        ('b3.png', 'a3.png'), ('b4.png', 'a4.png')]


def test_only_files_of_equal_size_are_read(sets, tmp_path, monkeypatch):
    a, b = sets
    for number in (3, 4):  # as a PNG, but of another length
        with open(tmp_path / 'b' / f'b{number}.png', 'ab') as stream:
            stream.write(b'x' * (20 + number))
    monkeypatch.setattr(image_copies, '_digest', lambda *_: pytest.fail('was read'))
    sizes = {path.stat().st_size for path in (tmp_path / 'a').iterdir()}
    for path in (tmp_path / 'b').iterdir():
        if path.stat().st_size in sizes:
            path.write_bytes(path.read_bytes() + b'x' * 999)
    assert find_copies(a, tmp_path / 'a', b, tmp_path / 'b') == []


def test_images_that_are_not_there_are_left_out(sets, tmp_path):
    a, b = sets
    assert find_copies(a, tmp_path / 'nowhere', b, tmp_path / 'b') == []
    (tmp_path / 'b/b3.png').unlink()
    assert names(find_copies(a, tmp_path / 'a', b, tmp_path / 'b')) == [
        ('a4.png', 'b4.png')]


def test_files_of_collections_are_not_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(image_copies, '_stat', lambda path: pytest.fail('looked at'))
    a, b = (lines_of(tmp_path, name, range(3), in_coco=True) for name in 'ab')
    assert find_copies(a, tmp_path, b, tmp_path) == []


def test_own_copy_of_an_image_of_a_collection_is_found(tmp_path):
    names_of_coco = [coco_image(number)['file'] for number in range(3)]
    for number, name in enumerate(names_of_coco):
        photo(tmp_path / 'coco' / name, number)
    photo(tmp_path / 'own/mine.png', 9)
    (tmp_path / 'own/copy.jpg').write_bytes(
        (tmp_path / 'coco' / names_of_coco[1]).read_bytes())
    own = lines_of(tmp_path, 'own', ['mine.png', 'copy.jpg'])
    coco = lines_of(tmp_path, 'coco', range(3), in_coco=True)
    assert names(find_copies(own, tmp_path / 'own', coco, tmp_path / 'coco')) == [
        ('copy.jpg', names_of_coco[1])]


def test_pictures_that_stand_in_for_others_say_nothing(tmp_path):
    for name in ('a/1.png', 'b/2.png', 'b/3.png'):
        photo(tmp_path / name, 5)  # two images of b have it
    for name in ('a/plain.png', 'b/white.png'):
        Image.new('L', (16, 12), 255).save(tmp_path / name)
    for name in ('a/gone.png', 'b/lost.png'):
        (tmp_path / name).write_text('<html>404</html>')
    a = lines_of(tmp_path, 'a', ['1.png', 'plain.png', 'gone.png'])
    b = lines_of(tmp_path, 'b', ['2.png', '3.png', 'white.png', 'lost.png'])
    assert find_copies(a, tmp_path / 'a', b, tmp_path / 'b') == []
    assert names(find_copies(b, tmp_path / 'b', a, tmp_path / 'a')) == [
        ('2.png', '1.png'), ('3.png', '1.png')]


def test_name_that_leaves_the_folder_is_not_followed(tmp_path):
    photo(tmp_path / 'secret.png', 1)
    photo(tmp_path / 'a/1.png', 1)
    a = lines_of(tmp_path, 'a', ['1.png'])
    b = lines_of(tmp_path, 'b', ['../secret.png'])
    assert find_copies(a, tmp_path / 'a', b, tmp_path / 'a') == []


def test_same_image_of_one_data_set_is_not_a_copy(tmp_path):
    photo(tmp_path / 'a/1.png', 1)
    a = lines_of(tmp_path, 'a', ['1.png'])
    assert find_copies(a, tmp_path / 'a', a, tmp_path / 'a') == []
