import numpy as np
from PIL import Image

from segvg.leakage.image_hash import find_copies


def picture(seed, size=(96, 72)):
    coarse = np.random.RandomState(seed).randint(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def test_copies_are_found_and_nothing_else(tmp_path):
    for name in ('ours', 'theirs'):
        (tmp_path / name / 'sub').mkdir(parents=True)
    for seed in range(20):
        picture(seed).save(tmp_path / 'ours' / f'{seed}.png')
        picture(100 + seed).save(tmp_path / 'theirs' / f'{seed}.jpg')
    picture(3).resize((48, 36)).save(tmp_path / 'theirs/sub/small.jpg', quality=60)
    picture(7).resize((96, 96)).save(tmp_path / 'theirs/other_shape.jpg')
    assert find_copies(tmp_path / 'ours', tmp_path / 'theirs') == [
        ('3.png', 'sub/small.jpg')]
    assert find_copies(tmp_path / 'ours', tmp_path / 'ours/none') == []


def test_broken_image_is_named_and_the_rest_compared(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr('mmengine.logging.print_log',
                        lambda text, **_: told.append(text))
    for name in ('ours', 'theirs'):
        (tmp_path / name).mkdir()
        picture(1).save(tmp_path / name / f'{name}.png')
    (tmp_path / 'ours/half.jpg').write_bytes(b'<html>')
    Image.new('1', (20_000, 10_000)).save(tmp_path / 'theirs/wide.png')
    assert find_copies(tmp_path / 'ours', tmp_path / 'theirs') == [
        ('ours.png', 'theirs.png')]
    assert 'half.jpg cannot be read' in told[0] and 'wide.png is too large' in told[1]
