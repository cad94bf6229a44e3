"""Image files: formats, sizes, orientation, kinds of pixels; what is refused."""
import io
import multiprocessing
import os
import resource
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from segvg.structures import images
from segvg.structures.images import (
    BrokenImageError,
    MissingImageError,
    read_header,
    read_image,
)

#: A picture of four colours, one a corner, 4 x 6 (rows x columns).
CORNERS = np.zeros((4, 6, 3), np.uint8)
CORNERS[:2, :3], CORNERS[:2, 3:] = (250, 0, 0), (0, 250, 0)
CORNERS[2:, :3], CORNERS[2:, 3:] = (0, 0, 250), (250, 250, 0)


@pytest.mark.parametrize('name', [
    'a.png', 'a.bmp', 'a.tif', 'a.ppm', 'a.gif', 'a.webp'])
def test_formats_without_loss_give_their_pixels(tmp_path, name):
    Image.fromarray(CORNERS).save(tmp_path / name, lossless=True)
    np.testing.assert_array_equal(read_image(tmp_path / name), CORNERS)


def test_first_of_several_pictures_is_read(tmp_path):
    first, second = Image.new('RGB', (32, 16), 'red'), Image.new('RGB', (32, 16))
    first.save(tmp_path / 'a.mpo', save_all=True, append_images=[second])
    with Image.open(tmp_path / 'a.mpo') as image:
        assert image.format == 'MPO'
    assert read_image(tmp_path / 'a.mpo')[0, 0, 0] > 240


@pytest.mark.parametrize('mode', ['L', 'P', 'RGBA', 'LA', 'CMYK', 'YCbCr', '1'])
def test_other_modes_become_rgb(tmp_path, mode):
    path = tmp_path / ('x.tif' if mode in ('CMYK', 'YCbCr') else 'x.png')
    Image.new('RGB', (6, 4), (255, 255, 255)).convert(mode).save(path)
    pixels = read_image(path)
    assert pixels.shape == (4, 6, 3) and pixels.dtype == np.uint8 and pixels.min() > 250


def test_cmyk_jpeg_keeps_its_colours(tmp_path):
    Image.new('RGB', (32, 32), (20, 60, 220)).convert('CMYK').save(tmp_path / 'x.jpg')
    assert np.abs(read_image(tmp_path / 'x.jpg').astype(int) - (20, 60, 220)).max() < 6


def test_transparent_pixels_are_white_whatever_they_hide(tmp_path):
    pixels = np.dstack([CORNERS, np.full((4, 6), 255, np.uint8)])
    pixels[0, 0, 3], pixels[0, 1, 3] = 0, 51
    Image.fromarray(pixels).save(tmp_path / 'x.png')
    seen = read_image(tmp_path / 'x.png')
    assert seen[0, 0].tolist() == [255, 255, 255]
    assert seen[0, 1].tolist() == [254, 204, 204]
    np.testing.assert_array_equal(seen[1:], CORNERS[1:])


def test_transparent_colour_of_a_palette_is_white(tmp_path):
    image = Image.fromarray(np.array([[0, 1]], np.uint8), 'P')
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.save(tmp_path / 'x.png', transparency=0)
    assert read_image(tmp_path / 'x.png').tolist() == [[[255] * 3, [200, 100, 50]]]


@pytest.mark.parametrize('bits', [8, 10, 12, 14, 16])
def test_grey_of_many_bits_is_scaled(tmp_path, bits):
    grey = np.array([[67, 200], [0, 131]], np.uint16)
    Image.fromarray(grey << (bits - 8)).save(tmp_path / 'x.png')
    assert read_image(tmp_path / 'x.png')[..., 0].tolist() == grey.tolist()
    Image.fromarray((grey << (bits - 8)).astype(np.int32)).save(tmp_path / 'x.tif')
    assert read_image(tmp_path / 'x.tif')[..., 2].tolist() == grey.tolist()


def test_colours_of_sixteen_bits_are_scaled(tmp_path):
    rows = b''.join(b'\0' + np.array(row, '>u2').tobytes()
                    for row in CORNERS.astype(int) * 257)
    chunks = [(b'IHDR', (6).to_bytes(4, 'big') + (4).to_bytes(4, 'big')
               + bytes([16, 2, 0, 0, 0])),
              (b'IDAT', zlib.compress(rows)), (b'IEND', b'')]
    (tmp_path / 'x.png').write_bytes(b'\x89PNG\r\n\x1a\n' + b''.join(
        len(data).to_bytes(4, 'big') + kind + data
        + zlib.crc32(kind + data).to_bytes(4, 'big') for kind, data in chunks))
    np.testing.assert_array_equal(read_image(tmp_path / 'x.png'), CORNERS)


def test_floats_from_zero_to_one_are_scaled(tmp_path):
    grey = np.array([[0, 67, 200, 255]], np.float32)
    Image.fromarray(grey / 255).save(tmp_path / 'x.tif')
    assert read_image(tmp_path / 'x.tif')[0, :, 1].tolist() == [0, 67, 200, 255]


@pytest.mark.parametrize('values, told', [
    (np.float32([[0, 67.5]]), 'floating-point values from 0 to 67.5; 0 to 1 is'),
    (np.float32([[-0.5, 1]]), 'floating-point values from -0.5 to 1'),
    (np.float32([[np.nan, 1]]), 'floating-point values from nan'),
    (np.int32([[-3, 9]]), 'values from -3 to 9; 0 to 65,535'),
    (np.int32([[0, 70000]]), 'values from 0 to 70000')])
def test_values_of_unknown_range_are_refused_by_name(tmp_path, values, told):
    Image.fromarray(values).save(tmp_path / 'x.tif')
    with pytest.raises(BrokenImageError, match=f'x.tif has {told}'):
        read_image(tmp_path / 'x.tif')


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('name', ['a.png', 'a.jpg', 'a.webp'])
def test_orientation_is_applied_when_asked_for(tmp_path, orientation, name):
    """The stored picture is what a camera held that way stores of the upright one."""
    undo = {1: None, 2: 'FLIP_LEFT_RIGHT', 3: 'ROTATE_180', 4: 'FLIP_TOP_BOTTOM',
            5: 'TRANSPOSE', 6: 'ROTATE_90', 7: 'TRANSVERSE', 8: 'ROTATE_270'}
    upright = Image.fromarray(np.kron(CORNERS, np.ones((16, 16, 1), np.uint8)))
    step = undo[orientation]
    stored = upright.transpose(getattr(Image.Transpose, step)) if step else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored.save(tmp_path / name, exif=exif, lossless=True)
    pixels = read_image(tmp_path / name, apply_orientation=True)
    assert pixels.shape == (64, 96, 3)
    centers = pixels[16::32, 24::48].astype(int)  # of each corner
    assert np.abs(centers - CORNERS[::3, ::5]).max() < 12
    assert read_image(tmp_path / name).shape[:2] == stored.size[::-1]
    assert read_header(tmp_path / name) == (*stored.size, orientation, 'RGB')


def test_header_of_a_png_is_read_without_its_pixels(tmp_path, monkeypatch):
    Image.fromarray(CORNERS).save(tmp_path / 'a.png')
    monkeypatch.setattr('PIL.ImageFile.ImageFile.load',
                        lambda self: pytest.fail('decoded'))
    assert read_header(tmp_path / 'a.png').orientation == 1


def test_damaged_orientation_counts_as_none(tmp_path):
    exif = b'Exif\0\0MM\0*\0\0\0\x08\xff'
    Image.fromarray(CORNERS).save(tmp_path / 'a.jpg', exif=exif)
    assert read_image(tmp_path / 'a.jpg', apply_orientation=True).shape == (4, 6, 3)


def test_tiff_is_turned_once(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(CORNERS).save(tmp_path / 'a.tif', exif=exif)
    turned = read_image(tmp_path / 'a.tif', apply_orientation=True)
    np.testing.assert_array_equal(turned, np.rot90(CORNERS, -1))


def test_picture_above_the_limit_is_not_decoded(tmp_path, monkeypatch):
    path = tmp_path / 'pano.png'
    Image.new('1', (300, 200)).save(path)
    monkeypatch.setattr('PIL.ImageFile.ImageFile.load',
                        lambda self: pytest.fail('decoded'))
    with pytest.raises(BrokenImageError, match='pano.png has 300 x 200 pixels .* more '
                       'than 59,999'):
        read_image(path, max_pixels=59_999)


@pytest.mark.slow
def test_pillows_own_limit_is_named(tmp_path):
    Image.new('1', (20_000, 10_000)).save(tmp_path / 'pano.png')
    with pytest.raises(BrokenImageError, match='pano.png is too large .* at most '
                       '50,000,000 pixels are decoded'):
        read_image(tmp_path / 'pano.png')


def test_picture_below_the_limit_does_not_warn(tmp_path, recwarn):
    Image.new('1', (10_000, 9_500)).save(tmp_path / 'large.png')
    assert read_header(tmp_path / 'large.png', 10**8)[:2] == (10_000, 9_500)
    assert not recwarn.list


def test_missing_image_is_named(tmp_path):
    with pytest.raises(MissingImageError, match='image .*gone.jpg does not exist'):
        read_image(tmp_path / 'gone.jpg')
    with pytest.raises(FileNotFoundError, match='gone.jpg'):
        read_image(tmp_path / 'gone.jpg')


@pytest.mark.parametrize('content', [b'', b'no picture', b'\x89PNG\r\n\x1a\n12',
                                     b'<html>404</html>', b'GIF89a'])
def test_unreadable_image_is_named(tmp_path, content):
    path = tmp_path / 'bad.png'
    path.write_bytes(content)
    told = 'bad.png cannot be read as an image'
    with pytest.raises(BrokenImageError, match=told) as error:
        read_image(path)
    assert isinstance(error.value.__cause__, (OSError, SyntaxError))  # from Pillow


@pytest.mark.parametrize('name', [
    'cut.jpg', 'cut.png', 'cut.gif', 'cut.tif', 'cut.bmp'])
def test_image_that_is_cut_off_is_an_error(tmp_path, name):
    path = tmp_path / name
    noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(BrokenImageError, match=f'{name} cannot be read'):
        read_image(path)


def test_postscript_starts_no_interpreter(tmp_path, monkeypatch):
    path = tmp_path / 'x.jpg'
    path.write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n')
    monkeypatch.setattr(subprocess, 'Popen', lambda *args, **kwargs: pytest.fail('ran'))
    with pytest.raises(BrokenImageError, match='x.jpg cannot be read as an image'):
        read_image(path)


def test_what_is_not_a_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / 'pipe.png')
    (tmp_path / 'device.png').symlink_to('/dev/zero')
    for name in ('pipe.png', 'device.png', '.'):
        with pytest.raises(BrokenImageError, match='is not a regular file'):
            read_image(tmp_path / name)
    with pytest.raises(BrokenImageError, match='cannot be opened'):
        read_image('a\0b.png')


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'P', 'I;16', 'F'])
def test_bands_give_what_the_whole_gives(tmp_path, mode, monkeypatch):
    path = tmp_path / ('x.tif' if mode == 'F' else 'x.png')
    noise = np.random.RandomState(0)
    if mode in ('I;16', 'F'):
        grey = noise.randint(0, 4000, (23, 7))
        Image.fromarray(grey.astype(np.uint16) if mode == 'I;16' else
                        grey.astype(np.float32) / 4000).save(path)
    else:
        pixels = noise.randint(0, 256, (23, 7, 4), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(path)
    for turned in (False, True):
        whole = read_image(path, apply_orientation=turned)
        monkeypatch.setattr(images, 'BAND_PIXELS', 7 * 5)
        np.testing.assert_array_equal(read_image(path, apply_orientation=turned), whole)
        monkeypatch.undo()


def tiff(width, height, tile, data=b'\x80\0\0'):
    """A grey TIFF (LZW) of one tile."""
    entries = [(256, width), (257, height), (258, 8), (259, 5), (262, 1), (277, 1),
               (284, 1), (322, tile), (323, tile), (324, 146), (325, len(data))]
    return b''.join([
        b'II*\0', struct.pack('<IH', 8, len(entries)),
        *(struct.pack('<HHII', tag, 4, 1, value) for tag, value in entries),
        bytes(4), data])


def bmp_of_run_lengths(width, height):
    """A BMP whose lines are one pixel each; Pillow fills in the others."""
    head = struct.pack('<IiiHHIIiiII', 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
    return (b'BM' + struct.pack('<IHHI', 0, 0, 0, 54 + 1024) + head + bytes(1024)
            + b'\1\0\0\0' * height + b'\0\1')


@pytest.mark.parametrize(('name', 'content', 'told'), [
    ('a.tif', tiff(64, 64, 32_000), 'has tiles of 32,000 x 32,000 pixels'),
    ('a.bmp', bmp_of_run_lengths(5_000, 5_000), '5,000 x 5,000 .* in run lengths')])
def test_small_file_of_much_work_is_not_decoded(tmp_path, name, content, told,
                                                monkeypatch):
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr('PIL.ImageFile.ImageFile.load',
                        lambda self: pytest.fail('decoded'))
    with pytest.raises(BrokenImageError, match=f'{name} has .*{told[4:]}'):
        read_image(tmp_path / name)


def test_long_side_is_refused(tmp_path):
    Image.new('1', (1, 70_000)).save(tmp_path / 'thin.png')
    with pytest.raises(BrokenImageError, match='1 x 70,000 .* more than 65,535'):
        read_image(tmp_path / 'thin.png')


def encoded(name):
    """The bytes of a picture of some structure in a format."""
    x, y = np.meshgrid(np.arange(40), np.arange(30))
    pixels = np.dstack([6 * x, 8 * y, x * y % 256]).astype(np.uint8)
    image, options = Image.fromarray(pixels), {}
    if name == 'palette.gif':
        image = image.quantize(16)
    elif name == 'deflate.tif':
        options = dict(compression='tiff_adobe_deflate')
    elif name == 'exif.jpg':
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        options = dict(exif=exif, progressive=True)
    stream = io.BytesIO()
    image.save(stream, format=Image.registered_extensions()[Path(name).suffix],
               **options)
    return stream.getvalue()


def damaged(data, chance):
    """The bytes with a few changed, cut off, repeated or put in."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        at = chance.randrange(len(data))
        # what says sizes stands near the beginning
        at = at % 128 if chance.random() < 0.5 else at
        kind = chance.choice(['byte', 'byte', 'number', 'cut', 'repeat', 'insert'])
        if kind == 'byte':
            data[at] = chance.randrange(256)
        elif kind == 'number':
            data[at:at + 4] = struct.pack('>I', chance.choice(
                [0, 1, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 1 << 24]))
        elif kind == 'cut' and chance.random() < 0.3:
            del data[max(at, 1):]
        elif kind == 'repeat':
            data[at:at] = data[at:at + chance.randrange(1, 64)]
        elif kind == 'insert':
            data[at:at] = bytes(chance.randrange(256) for _ in range(4))
    return bytes(data)


def read_damaged(path, examples):
    """Read damaged copies of a file; returns what was not as it should be."""
    whole, wrong = path.read_bytes(), []

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=True), st.booleans())
    def read(chance, upright):
        path.write_bytes(damaged(whole, chance))
        try:
            header = read_header(path)
            pixels = read_image(path, apply_orientation=upright)
            shape = (header.height, header.width)
            if pixels.dtype != np.uint8 or pixels.shape not in (
                    (*shape, 3), (*shape[::-1], 3)):
                wrong.append(f'{pixels.dtype} {pixels.shape}, not {shape}')
        except BrokenImageError as error:
            if path.name not in str(error):
                wrong.append(str(error))

    read()
    return wrong


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', [
    'a.jpg', 'exif.jpg', 'a.png', 'palette.gif', 'a.webp', 'a.tif', 'deflate.tif',
    'a.bmp', 'a.ppm'])
def test_damaged_picture_is_read_or_named(tmp_path, name):
    """In a process of its own: a decoder in C must not end it, nor take a gigabyte."""
    (tmp_path / name).write_bytes(encoded(name))
    process = multiprocessing.get_context('fork').Process(
        target=read_within_a_gigabyte, args=(tmp_path / name, tmp_path / 'wrong.txt'))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert (tmp_path / 'wrong.txt').read_text() == ''


def read_within_a_gigabyte(path, out):
    """``read_damaged``, with the memory that was touched."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wrong = read_damaged(path, 250)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if taken > 1 << 20:  # in kilobytes
        wrong.append(f'{taken} kB of memory')
    out.write_text('\n'.join(wrong))
