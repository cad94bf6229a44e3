"""The canonical form on disk: writer, index, lazy reader."""
import errno
import json
import multiprocessing
import os
import pickle

import numpy as np
import pytest
import torch

from segvg.annotations import canonical
from segvg.annotations.canonical import CanonicalFile, CanonicalWriter
from segvg.annotations.image_identity import image_number
from segvg.annotations.line_index import index_path, load_index


def line(number=1, split='val', **changes):
    """A line with a ref of two sentences, a caption of two phrases and one of none."""
    return dict(
        image=dict(id=f'coco:{number}', file=f'{number}.jpg', width=8, height=6),
        split=split, instances=[dict(id=1, bbox=[0, 0, 4, 4])],
        exprs=[dict(id=f'{number}a', ref_id=1, text='é man', targets=[0]),
               dict(id=f'{number}b', ref_id=1, text='a man', targets=[0]),
               dict(id=f'{number}c', ref_id=2, text='nobody', targets=[]),
               dict(id=f'{number}d', text='man, sky', targets=[0], caption=True,
                    phrases=[dict(span=[[0, 3]], targets=[0])]),
               dict(id=f'{number}e', text='sky', targets=[], caption=True,
                    phrases=[])], **changes)


@pytest.fixture
def folder(tmp_path):
    with CanonicalWriter(tmp_path, 'own', dict(dataset='own', licence=None)) as writer:
        for number in (3, 1, 2):
            writer.write(line(number))
        writer.write(line(1, 'train'))
        writer.meta['splits'] = dict(val=dict(official=dict(exprs=20)), lost={})
    return tmp_path


def test_lines_are_read_back_in_the_order_of_writing(folder):
    lines = CanonicalFile(folder / 'own_val.jsonl')
    assert list(lines) == [line(3), line(1), line(2)]
    assert len(lines) == 3 and lines[1] == line(1)
    assert (lines.name, lines.split) == ('own', 'val')


def test_meta_file_counts_what_was_written(folder):
    meta = CanonicalFile(folder / 'own_val.jsonl').meta
    assert meta['format'] == 'segvg-jsonl' and meta['version'] == '1.0'
    assert meta['box'] == 'xyxy_half_open' and meta['dataset'] == 'own'
    assert set(meta['splits']) == {'val', 'train'}
    facts = meta['splits']['val']
    assert {key: facts[key] for key in ('file', 'images', 'refs', 'exprs', 'official')
            } == dict(file='own_val.jsonl', images=3, refs=2, exprs=15,
                      official=dict(exprs=20))
    assert len(facts['sha256']) == 64


def test_text_is_utf8_and_compact(folder):
    data = (folder / 'own_val.jsonl').read_bytes()
    assert 'é man'.encode() in data and b'": ' not in data
    assert data.count(b'\n') == 3 and data.endswith(b'\n')


def test_half_a_surrogate_survives(tmp_path):
    odd = line()
    odd['exprs'][0]['text'] = 'man \ud83d'
    with CanonicalWriter(tmp_path, 'own', {}) as writer:
        writer.write(odd)
    assert CanonicalFile(tmp_path / 'own_val.jsonl')[0] == odd


def test_counts_are_samples_refs_and_captions(folder):
    lines = CanonicalFile(folder / 'own_val.jsonl')
    # the caption with a box is a sample and a ref of its own, the other is neither
    assert lines.counts.tolist() == [[4, 3, 1]] * 3
    assert lines.expr_starts.tolist() == [0, 5, 10]


def test_exception_leaves_no_file(tmp_path):
    with pytest.raises(RuntimeError), CanonicalWriter(tmp_path, 'own', {}) as writer:
        writer.write(line())
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


class FullDisk:
    """A stream to a disk that is full, which closing tries to write to again."""

    def write(self, data):
        raise OSError(errno.ENOSPC, 'No space left on device')

    close = flush = lambda self: self.write(b'')


def test_full_disk_is_told_with_the_name_of_the_file_and_leaves_none(tmp_path):
    with pytest.raises(OSError, match="No space .*/own_val.jsonl'"):
        with CanonicalWriter(tmp_path, 'own', {}) as writer:
            writer.write(line(1))
            writer._files['val'].stream.close()
            writer._files['val'].stream = FullDisk()
            writer.write(line(2))
    assert list(tmp_path.iterdir()) == []


def test_exception_leaves_files_of_an_earlier_run_alone(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RuntimeError), CanonicalWriter(folder, 'own', {}) as writer:
        writer.write(line(9))
        raise RuntimeError
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(('change', 'message'), [
    (dict(exprs=[dict(id=1, text='x', targets=[1, 0])]), 'sorted, unique'),
    (dict(exprs=[dict(id=1, text='x', targets=[5])]), "expression 1 of .*'coco:1'")])
def test_writer_refuses_targets_that_are_no_places(tmp_path, change, message):
    with CanonicalWriter(tmp_path, 'own', {}) as writer:
        with pytest.raises(ValueError, match=message):
            writer.write({**line(), **change})


def test_writer_refuses_a_second_line_of_an_image_and_a_line_without_keys(tmp_path):
    with CanonicalWriter(tmp_path, 'own', {}) as writer:
        writer.write(line())
        writer.write(line(split='train'))
        with pytest.raises(ValueError, match="'coco:1' already has a line"):
            writer.write(line())
        with pytest.raises(ValueError, match='instances, exprs missing'):
            writer.write(dict(image={}, split='val'))


def test_index_is_used_and_made_again_when_the_file_changes(folder):
    path = folder / 'own_val.jsonl'
    assert load_index(path).tolist()[0][3] == 3
    path.write_bytes(path.read_bytes().replace('é man'.encode(), b'old man'))
    assert load_index(path) is None
    assert CanonicalFile(path)[2]['exprs'][0]['text'] == 'old man'
    assert load_index(path) is not None


def test_index_is_made_again_after_the_time_changed(folder):
    path = folder / 'own_val.jsonl'
    os.utime(path, ns=(1, 1))
    assert load_index(path) is None
    assert len(CanonicalFile(path)) == 3 and load_index(path) is not None


@pytest.mark.parametrize('content', [b'', b'no array', pickle.dumps([1])])
def test_damaged_index_is_made_again(folder, content):
    path = folder / 'own_val.jsonl'
    index_path(path).write_bytes(content)
    assert len(CanonicalFile(path)) == 3


def test_index_of_another_form_is_made_again(folder):
    path = folder / 'own_val.jsonl'
    np.save(index_path(path), np.zeros((3, 2), dtype=np.int64))
    assert len(CanonicalFile(path)) == 3


def test_folder_that_cannot_be_written_is_no_error(folder, monkeypatch):
    path = folder / 'own_val.jsonl'
    index_path(path).unlink()

    def refuse(*args):
        raise PermissionError

    monkeypatch.setattr(np, 'save', refuse)
    assert len(CanonicalFile(path)) == 3
    assert not index_path(path).exists()


def test_lines_kept_in_memory_are_the_same(folder):
    path = folder / 'own_val.jsonl'
    assert list(CanonicalFile(path, lazy=False)) == list(CanonicalFile(path))


@pytest.mark.parametrize('lazy, times', [(False, 1), (True, 2)])
def test_line_in_memory_is_checked_once_and_one_in_a_file_at_each_reading(
        folder, monkeypatch, lazy, times):
    lines, checked = CanonicalFile(folder / 'own_val.jsonl', lazy=lazy), []
    monkeypatch.setattr(canonical, 'check_line', checked.append)
    assert lines[1] == lines[1]
    assert len(checked) == times


def _overwrite(lines):
    lines._buffer.fill_(32)


@pytest.mark.slow
@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_bytes_in_memory_are_shared_by_workers(folder, method):
    """What a worker writes is what everybody reads: nobody has a copy."""
    lines = CanonicalFile(folder / 'own_val.jsonl', lazy=False)
    worker = torch.multiprocessing.get_context(method).Process(
        target=_overwrite, args=(lines,))
    worker.start()
    worker.join()
    assert worker.exitcode == 0 and set(lines._buffer.tolist()) == {32}


def test_images_have_numbers_and_sizes(folder):
    lines = CanonicalFile(folder / 'own_val.jsonl')
    assert lines.image_numbers.tolist() == [3, 1, 2]
    assert lines.image_sizes().tolist() == [[8, 6]] * 3


def test_image_numbers_keep_sources_apart():
    own = [image_number(dict(id=name, file='7.jpg'))
           for name in ('vg:7', 'saiapr:7', 'file:7.jpg')]
    assert len(set(own)) == 3 and max(own) < 0
    assert image_number(dict(id='vg:7', coco_id=9, file='7.jpg')) == image_number(
        dict(id='coco:9', file='9.jpg')) == 9
    assert image_number(dict(id='vg:7', coco_id=None, file='7.jpg')) == own[0]


def read_texts(lines, numbers, queue):
    queue.put([lines[number]['image']['id'] for number in numbers])


def test_file_is_read_in_forked_processes(folder):
    lines = CanonicalFile(folder / 'own_val.jsonl')
    assert lines[0]  # opens the file before the fork
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    workers = [context.Process(target=read_texts, args=(lines, numbers, queue))
               for numbers in ([0, 1, 2] * 30, [2, 1, 0] * 30)]
    for worker in workers:
        worker.start()
    results = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    names = ['coco:3', 'coco:1', 'coco:2']
    assert sorted(results) == sorted([names * 30, names[::-1] * 30])


def test_copy_by_pickle_reads(folder):
    lines = CanonicalFile(folder / 'own_val.jsonl')
    assert pickle.loads(pickle.dumps(lines))[1] == lines[1]


@pytest.mark.parametrize(('text', 'message'), [
    ('{"image": ', 'line 2: not a JSON object'), ('[1]', 'line 2: expected an object'),
    ('{"image": {}}', 'line 2: expected an object with image, split'),
    (json.dumps(line(2, segvg='2.1')), "line 2: version '2.1'"),
    (json.dumps(line(2, 'train')), "line 2: split 'train' in a file of 'val'")])
def test_bad_line_is_named(tmp_path, text, message):
    path = tmp_path / 'own_val.jsonl'
    path.write_text(f'{json.dumps(line())}\n{text}\n')
    with pytest.raises(ValueError, match=f'own_val.jsonl, {message}'):
        CanonicalFile(path)


def test_empty_file_and_wrong_number_are_errors(folder):
    (folder / 'own_test.jsonl').write_text('')
    with pytest.raises(ValueError, match='own_test.jsonl has no lines'):
        CanonicalFile(folder / 'own_test.jsonl')
    with pytest.raises(IndexError, match='has 3 lines, not 4'):
        CanonicalFile(folder / 'own_val.jsonl')[3]


def test_file_needs_no_meta_file_but_refuses_one_of_another_version(folder):
    path = folder / 'own.meta.json'
    meta = json.loads(path.read_text())
    path.write_text(json.dumps({**meta, 'version': '2.0'}))
    with pytest.raises(ValueError, match="own.meta.json: version '2.0'"):
        CanonicalFile(folder / 'own_val.jsonl')
    path.unlink()
    assert CanonicalFile(folder / 'own_val.jsonl').meta == {}


@pytest.mark.parametrize('change', [
    lambda index: index[:1], lambda index: index[:0], lambda index: index[:, :1],
    lambda index: index.astype(np.float64), lambda index: index[None],
    lambda index: np.concatenate([index[:1], index[:0:-1]]),
    lambda index: index * np.array([1, -1, 1, 1, 1, 1]),
    lambda index: index + np.array([[0] * 6] + [[0, 1 << 50, 0, 0, 0, 0]] * 3),
    lambda index: np.array(3), lambda index: np.zeros((2, 1 << 20))])
def test_index_of_absurd_shape_or_content_is_made_again(folder, change):
    path = folder / 'own_val.jsonl'
    np.save(index_path(path), change(load_index(path)))
    lines = CanonicalFile(path)
    assert list(lines) == [line(3), line(1), line(2)]
    assert lines.counts.tolist() == [[4, 3, 1]] * 3


@pytest.mark.parametrize('split', [
    'a/b', '../val', 'a/../../.val', '.val', '', 'x' * 99, 'a\\b', 'va\x00l', 3])
def test_split_that_is_not_a_name_is_refused(tmp_path, split):
    with pytest.raises(ValueError, match='not the name of a split'), CanonicalWriter(
            tmp_path / 'out', 'own', {}) as writer:
        writer.write(line(1, split))
    assert not list(tmp_path.rglob('*.jsonl*'))


@pytest.mark.parametrize('meta', ['[]', '{', '3', '[' * 9999])
def test_meta_file_that_is_not_an_object_is_told(folder, meta):
    (folder / 'own.meta.json').write_text(meta)
    with pytest.raises(ValueError, match='own.meta.json: (expected an obj|not JSON)'):
        CanonicalFile(folder / 'own_val.jsonl')
