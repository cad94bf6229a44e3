"""Canonical files from anywhere: samples, or one message that names the file."""
import copy
import json
import os
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from segvg.annotations.line_index import index_path
from segvg.datasets import GroundingDataset
from segvg.datasets.transforms import LoadGroundingAnnotations, LoadImageFromFile
from tests.annotations.test_line_checks import LINE, ODD, places

MORE = ['../a.jpg', '/dev/zero', 'pipe', 'mask.png', 'a\0b', '\x1b[31m', [[4, 2]],
        {'file': 'mask.png'}, {'file': 'pipe'}, {'rle': {'size': [48, 64],
                                                        'counts': [10**9]}},
        {'rle': {'size': [48, 64], 'counts': '0' * 99}}, {'poly': [[0, 0, 9]]}, 1 << 40]


BOUNDED = settings(max_examples=150, deadline=None, derandomize=True, database=None,
                   suppress_health_check=list(HealthCheck))


@pytest.fixture
def folder(tmp_path):
    Image.new('RGB', (64, 48)).save(tmp_path / 'a.jpg')
    Image.fromarray(np.eye(48, 64, dtype=np.uint8)).save(tmp_path / 'mask.png')
    os.mkfifo(tmp_path / 'pipe')
    line = copy.deepcopy(LINE)
    line['instances'][1]['segm']['file'] = 'mask.png'
    line['instances'][0]['segm'] = {'poly': [[4.2, 4, 24.8, 4, 24.8, 34, 4.2, 34]]}
    (tmp_path / 'sound.json').write_text(json.dumps(line))
    return tmp_path


def read(folder, sample_by):
    """Read all samples with their images, boxes and masks; returns how many."""
    data = GroundingDataset(str(folder / 'own_val.jsonl'), '', dict(img=str(folder)),
                            sample_by=sample_by, test_mode=True, pipeline=[
        LoadImageFromFile(), LoadGroundingAnnotations(with_mask=True)])
    return len([data[i] for i in range(len(data))])


def odd_line(line, chance):
    """The line with one to three values changed or left out."""
    line = copy.deepcopy(line)
    for _ in range(chance.choice([1, 1, 2, 3])):
        *parents, last = chance.choice([*places(line)][1:])
        parent = line
        for key in parents:
            parent = parent[key]
        if chance.random() < 0.15:
            del parent[last]
        else:
            parent[last] = chance.choice(ODD + MORE)
    return line


def odd_bytes(data, chance):
    """The bytes of a line with some changed."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 2, 5])):
        at = chance.randrange(len(data))
        data[at:at + chance.randrange(3)] = chance.choice(
            [b'"', b'{', b'[', b'9' * 400, b'\xff', b'\\ud800', b'\0', b'NaN', b','])
    return bytes(data)


def check(folder, sample_by):
    """Read; returns whether it was refused, in one line with the name of the file."""
    try:
        read(folder, sample_by)
    except (ValueError, FileNotFoundError) as error:
        told = str(error)
        assert '\n' not in told and len(told) < 1000, told
        assert re.search(r'own_val\.jsonl|own_val\.meta|sample 0|\.(jpg|png)|pipe',
                         told), told
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize('sample_by', ['expression', 'image', 'caption', 'ref'])
@pytest.mark.parametrize('is_text', [False, True], ids=['values', 'bytes'])
def test_odd_line_is_read_or_told_with_its_file(folder, sample_by, is_text):
    refused = []
    line = json.loads((folder / 'sound.json').read_text())
    (folder / 'own_val.jsonl').write_text(json.dumps(line) + '\n')
    assert read(folder, sample_by)

    @BOUNDED
    @given(st.randoms(use_true_random=True))
    def read_odd(chance):
        data = (odd_bytes(json.dumps(line).encode(), chance) if is_text else
                json.dumps(odd_line(line, chance)).encode())
        (folder / 'own_val.jsonl').write_bytes(data + b'\n')
        refused.append(check(folder, sample_by))

    read_odd()
    assert len(refused) >= 150 and 0 < sum(refused) < len(refused)


@pytest.mark.slow
def test_odd_index_is_made_again_or_told(folder):
    line = json.loads((folder / 'sound.json').read_text())
    path = folder / 'own_val.jsonl'
    path.write_text(json.dumps(line) + '\n')
    read(folder, 'expression')
    whole = index_path(path).read_bytes()

    @BOUNDED
    @given(st.randoms(use_true_random=True))
    def read_odd(chance):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 2, 5])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        index_path(path).write_bytes(data[:chance.choice([len(data)] * 3 + [100, 0])])
        check(folder, 'expression')

    read_odd()
    np.save(index_path(path), np.zeros((2, 3, 4)))
    assert not check(folder, 'expression')
