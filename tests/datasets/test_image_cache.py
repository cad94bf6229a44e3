"""Decoded images from the cache are those of the file, whatever happens to either."""
import errno
import multiprocessing
import os
import shutil
import signal
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import Compose
from PIL import ExifTags, Image
from torch.utils.data import DataLoader

from segvg.datasets import GroundingDataset, JoinedDataset, image_cache
from segvg.datasets.image_cache import START, ImageCache, use_image_cache
from segvg.datasets.transforms import (
    BrightnessJitter,
    ClipBoxes,
    LoadGroundingAnnotations,
    LoadImageFromFile,
    PickExpression,
    RandomFlip,
    Resize,
    ResizeExact,
    ResizeLongEdge,
    ResizeShortEdge,
)
from segvg.structures.images import BrokenImageError, read_image
from segvg.utils.errors import InputError
from tests.toy import make_data

READ = dict(apply_orientation=False, max_pixels=10_000)
RESIZES = [Resize(long=31), Resize(short=20), ResizeShortEdge(33, 40),
           ResizeLongEdge(50), ResizeLongEdge(50, backend='opencv'),
           ResizeExact((17, 23)), ResizeExact(16, backend='opencv')]


def draw(path: Path, kind: str) -> Path:
    """Write an image of 40 x 60 of one kind."""
    random = np.random.RandomState(len(kind))
    pixels = random.randint(0, 256, (40, 60, 3), dtype=np.uint8)
    image, path = Image.fromarray(pixels), path / f'{kind}.png'
    if kind == 'turned':
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        image.save(path, exif=exif)
    elif kind == 'cmyk':
        path = path.with_suffix('.jpg')
        image.convert('CMYK').save(path)
    elif kind == '16 bits':
        Image.fromarray(pixels[..., 0].astype(np.uint16) << 6).save(path)
    elif kind == 'transparent':
        Image.fromarray(np.dstack([pixels, pixels[..., :1]])).save(path)
    else:
        image.convert({'gray': 'L', 'palette': 'P'}.get(kind, 'RGB')).save(path)
    return path


def entries(folder: Path) -> list[Path]:
    return sorted(folder.rglob('*.pixels'))


def sample(path: Path, shape: tuple[int, int] = (40, 60)) -> dict:
    return dict(img_path=str(path), height=shape[0], width=shape[1], sample_idx=0,
                instances=[dict(bbox=[3.5, 4, 30, 61], mask=dict(poly=[[
                    3, 4, 30, 4, 30, 38, 3, 38]]), ann_id=1)],
                expressions=[dict(text='one', targets=[0])])


def assert_same(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        np.testing.assert_array_equal(value, other[key], err_msg=key)
        assert getattr(value, 'dtype', None) == getattr(other[key], 'dtype', None)


@pytest.mark.parametrize('turn', [False, True])
@pytest.mark.parametrize('kind', ['rgb', 'turned', 'cmyk', '16 bits', 'transparent',
                                  'gray', 'palette'])
def test_pipeline_gives_the_same_to_the_last_bit(tmp_path, kind, turn):
    path = draw(tmp_path, kind)
    shape = read_image(path, apply_orientation=turn).shape[:2]
    for number, resize in enumerate([None, *RESIZES]):
        with_mask = not isinstance(resize, ResizeExact)
        steps = [LoadImageFromFile(apply_orientation=turn), PickExpression(),
                 LoadGroundingAnnotations(with_mask), ClipBoxes(),
                 *([resize] if resize else []), RandomFlip(prob=1)]
        expected = Compose(steps)(sample(path, shape))
        cached = [LoadImageFromFile(apply_orientation=turn), *steps[1:]]
        use_image_cache(tmp_path / 'cache', cached)
        for _ in range(2):  # stores, and reads what is stored
            assert_same(Compose(cached)(sample(path, shape)), expected)
        assert len(entries(tmp_path / 'cache')) == number + 1


def test_stored_image_is_not_decoded(tmp_path, monkeypatch):
    path, cache = draw(tmp_path, 'rgb'), ImageCache(tmp_path / 'cache')
    expected = cache.read(path, **READ).pixels
    monkeypatch.setattr(image_cache, 'read_image', lambda *_, **__: pytest.fail())
    moved = shutil.copy(path, tmp_path / 'other name.png')  # an equal file is the same
    for name in (path, moved):
        np.testing.assert_array_equal(cache.read(name, **READ).pixels, expected)


def test_changed_file_is_read_anew_even_with_its_old_time_and_size(tmp_path):
    path, cache = tmp_path / 'a.bmp', ImageCache(tmp_path / 'cache')
    for value in (10, 200):
        Image.fromarray(np.full((4, 6, 3), value, np.uint8)).save(path)
        os.utime(path, ns=(0, 0))
        assert (cache.read(path, **READ).pixels == value).all()


def test_entries_depend_on_options_and_libraries(tmp_path, monkeypatch):
    path, folder = draw(tmp_path, 'turned'), tmp_path / 'cache'
    ImageCache(folder).read(path, **READ)
    turned = ImageCache(folder).read(path, **READ | dict(apply_orientation=True))
    assert turned.pixels.shape == (60, 40, 3)
    with pytest.raises(BrokenImageError, match='more than 100 .max_pixels'):
        ImageCache(folder).read(path, **READ | dict(max_pixels=100))
    ImageCache(folder, Resize(long=20)).read(path, **READ)
    assert len(entries(folder)) == 3
    monkeypatch.setattr(image_cache, '_libraries', lambda: ('another Pillow', ))
    ImageCache(folder).read(path, **READ)
    assert len(entries(folder)) == 4


def test_pixels_may_be_changed_and_the_entry_stays(tmp_path):
    path, cache = draw(tmp_path, 'rgb'), ImageCache(tmp_path / 'cache')
    expected = cache.read(path, **READ).pixels.copy()
    pixels = cache.read(path, **READ).pixels
    pixels[:] = 0
    np.testing.assert_array_equal(cache.read(path, **READ).pixels, expected)


@pytest.mark.parametrize('damage', [
    lambda data: b'', lambda data: data[:9], lambda data: data[:START],
    lambda data: data[:-1], lambda data: data + b'\0', lambda data: b'?' + data[1:]])
def test_damaged_entry_is_written_anew(tmp_path, damage):
    path, cache = draw(tmp_path, 'rgb'), ImageCache(tmp_path / 'cache')
    expected = cache.read(path, **READ).pixels.copy()
    entry, = entries(cache.folder)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    np.testing.assert_array_equal(cache.read(path, **READ).pixels, expected)
    assert entry.read_bytes() == whole


@pytest.mark.parametrize('steps, resize', [
    ([ResizeExact(9)], ResizeExact),
    ([PickExpression(), LoadGroundingAnnotations(), ClipBoxes(), Resize(long=9)],
     Resize),
    ([Resize(long=[9, 10])], None), ([ResizeShortEdge([9, 10])], None),
    ([BrightnessJitter(), ResizeLongEdge(9)], None),
    ([RandomFlip(), Resize(long=9)], None),
    ([lambda results: results, Resize(long=9)], None), ([], None)])
def test_only_a_first_resize_to_a_known_size_is_stored(tmp_path, steps, resize):
    load = LoadImageFromFile()
    cache = use_image_cache(tmp_path, [load, *steps])
    assert load.cache is cache and type(cache.resize) is (resize or type(None))


class Darker(PickExpression):
    """A step of a user, which touches the pixels."""

    def transform(self, results: dict) -> dict:
        results['img'] = results['img'] // (2 if results['img'].shape[0] == 40 else 9)
        return super().transform(results)


class Nearest(ResizeExact):
    """A resize of a user, with a filter of its own."""

    def transform(self, results: dict) -> dict:
        results['img'] = results['img'][::2, ::2]
        results['img_shape'] = results['img'].shape[:2]
        return results


@pytest.mark.parametrize('steps', [[Darker(), ResizeExact(20)], [Nearest(20)]])
def test_derived_steps_get_the_image_as_decoded(tmp_path, steps):
    path = draw(tmp_path, 'rgb')
    expected = Compose([LoadImageFromFile(), *steps])(sample(path))
    cached = [LoadImageFromFile(), *steps]
    use_image_cache(tmp_path / 'cache', cached)
    for _ in range(2):
        assert_same(Compose(cached)(sample(path)), expected)


def test_cache_needs_the_step_that_loads(tmp_path):
    with pytest.raises(InputError, match='begins with LoadImageFromFile, not with Res'):
        use_image_cache(tmp_path, [Resize(long=9)])


@pytest.mark.parametrize('content, told', [
    (b'<html>', 'a.jpg cannot be read as an image'), (b'', 'a.jpg cannot be read'),
    (None, 'a.jpg does not exist')])
def test_messages_are_those_without_a_cache(tmp_path, content, told):
    path = tmp_path / 'a.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BrokenImageError, match=told) as without:
        read_image(path)
    with pytest.raises(type(without.value)) as with_cache:
        ImageCache(tmp_path / 'cache').read(path, **READ)
    assert str(with_cache.value) == str(without.value)
    assert not entries(tmp_path)


def test_no_pipe_and_no_huge_file_is_read_into_memory(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / 'pipe.jpg')
    with pytest.raises(BrokenImageError, match='not a regular file'):
        ImageCache(tmp_path / 'cache').read(tmp_path / 'pipe.jpg', **READ)
    monkeypatch.setattr(image_cache, 'MAX_FILE', 10)
    path, cache = draw(tmp_path, 'rgb'), ImageCache(tmp_path / 'cache', Resize(long=9))
    assert cache.read(path, **READ).pixels.shape == (6, 9, 3)
    assert not entries(tmp_path)


def test_full_disk_is_told_with_what_to_do(tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(image_cache, 'write_whole', full)
    with pytest.raises(OSError, match='No space left on device, so the decoded image '
                       'cannot be stored; make room .*leave image_cache out.*cache/'):
        ImageCache(tmp_path / 'cache').read(draw(tmp_path, 'rgb'), **READ)


def test_disk_that_images_need_is_told_before(tmp_path, monkeypatch):
    sizes = np.array([[60, 40], [60, 40], [30, 30]])
    cache = ImageCache(tmp_path / 'cache')
    assert cache.bytes_of(sizes) == 3 * (2 * 2400 + 900) + 3 * START
    assert ImageCache(tmp_path, ResizeExact(10)).bytes_of(sizes) == 3 * (300 + START)
    path = draw(tmp_path, 'rgb')
    cache.read(path, **READ)
    assert cache.held_bytes() == cache.bytes_of(sizes[:1])
    disk = namedtuple('disk', 'total used free')
    monkeypatch.setattr('shutil.disk_usage', lambda path: disk(0, 0, 10**5))
    assert '3 decoded images take 1.73e-05 GB' in cache.plan(sizes)
    monkeypatch.setattr('shutil.disk_usage', lambda path: disk(0, 0, 10**3))
    with pytest.raises(InputError, match='no room: 3 decoded images .*leave image_cac'):
        cache.plan(sizes)


def test_entries_of_other_images_make_no_room(tmp_path, monkeypatch):
    """7,264 bytes are held, 5,528 needed, none of them the same, 5,000 are free."""
    cache = ImageCache(tmp_path / 'cache')
    cache.read(draw(tmp_path, 'rgb'), **READ)
    assert cache.held_bytes() == START + 3 * 40 * 60 == 7264
    disk = namedtuple('disk', 'total used free')
    monkeypatch.setattr('shutil.disk_usage', lambda path: disk(0, 0, 5000))
    small = np.array([[30, 30], [30, 30]])
    assert cache.bytes_of(small) == 2 * (START + 3 * 30 * 30) == 5528
    with pytest.raises(InputError, match='no room: 2 decoded images'):
        cache.plan(small)
    assert '2 decoded images' in cache.plan(np.array([[60, 40], [30, 30]]))  # 2,764


@pytest.mark.parametrize('joined', [False, True])
def test_data_set_takes_the_switch(tmp_path, monkeypatch, joined):
    data, folder, told = make_data(tmp_path / 'data'), tmp_path / 'cache', []
    monkeypatch.setattr('segvg.datasets.grounding_dataset.print_log',
                        lambda text, **_: told.append(text))
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadGroundingAnnotations'),
                dict(type='Resize', long=32)]
    part = dict(ann_file='toy_train.jsonl', data_root=str(data),
                data_prefix=dict(img='images/'))

    def build(**switch):
        if not joined:
            return GroundingDataset(**part, pipeline=pipeline, **switch)
        parts = [dict(part, type='segvg.GroundingDataset')]
        return JoinedDataset(parts, pipeline, **switch)

    plain, cached = build(), build(image_cache=str(folder))
    assert len(told) == 1 and '4 decoded images' in told[0] and 'Resize(' in told[0]
    for _ in range(2):
        loader = DataLoader(cached, batch_size=None, num_workers=2,
                            collate_fn=lambda item: item)
        for expected, found in zip(plain, loader, strict=True):
            assert_same(found, expected)
    assert len(entries(folder)) == 4  # of twelve sentences


def write_without_end(folder: Path, source: Path) -> None:
    """Read all images through a cache, whose entries are removed again."""
    while True:
        for path in sorted(source.glob('*.bmp')):
            ImageCache(folder).read(path, apply_orientation=False, max_pixels=10**6)
        for entry in entries(folder):
            entry.unlink(missing_ok=True)


@pytest.mark.slow
def test_killed_and_concurrent_processes_leave_whole_entries_only(tmp_path):
    source, folder = tmp_path / 'images', tmp_path / 'cache'
    source.mkdir()
    for number in range(6):
        image = np.full((700, 900, 3), 40 * number, np.uint8)
        Image.fromarray(image).save(source / f'{number}.bmp')
    context = multiprocessing.get_context('fork')
    for delay in (0.05, 0.1, 0.2, 0.3):
        workers = [context.Process(target=write_without_end, args=(folder, source))
                   for _ in range(2)]
        for worker in workers:
            worker.start()
        time.sleep(delay)
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)
            worker.join()
        cache = ImageCache(folder)
        for entry in entries(folder):
            pixels, shape = image_cache._map(entry)
            assert shape == (700, 900) and (pixels == pixels[0, 0, 0]).all()
        for number in range(6):
            pixels = cache.read(source / f'{number}.bmp', apply_orientation=False,
                                max_pixels=10**6).pixels
            assert (pixels == 40 * number).all()
