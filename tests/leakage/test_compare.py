import pickle

import pytest

from segvg.leakage import (
    ImageSource,
    ProtectedSplit,
    SeenImage,
    Verdict,
    add_copies,
    compare,
    find_text_leaks,
    read_protected,
)
from tests.leakage.planted import (
    OTHERS,
    coco_image,
    write_canonical,
    write_planted,
    write_protected,
)


@pytest.fixture
def protected(tmp_path):
    return read_protected(write_protected(tmp_path))


@pytest.mark.parametrize('naming', ['name of 2014', 'name of 2017', 'renumbered',
                                    'link of Visual Genome'])
def test_planted_images_are_counted_exactly(naming, tmp_path, protected):
    format_name, path, count = write_planted(tmp_path)[naming]
    source = ImageSource(tmp_path / 'image_data.json')
    (overlap,) = compare(source.read(format_name, path), protected)
    assert (len(overlap.leaked), overlap.size, overlap.unknown) == (count, 40, 0)
    assert overlap.verdict is Verdict.LEAKED
    assert overlap.as_dict()['share'] == count / 40


def test_without_links_visual_genome_is_unknown(tmp_path, protected):
    format_name, path, _ = write_planted(tmp_path)['link of Visual Genome']
    (overlap,) = compare(ImageSource().read(format_name, path), protected)
    assert overlap.verdict is Verdict.UNKNOWN and overlap.unknown == overlap.seen


@pytest.mark.parametrize(('unknown', 'verdict'), [(1, Verdict.CLEAN),
                                                  (2, Verdict.UNKNOWN)])
def test_one_image_in_a_hundred_may_be_unknown(unknown, verdict, protected):
    images = [SeenImage(f'{i}.jpg', f'vg:{i}') for i in range(100 - unknown)]
    images += [SeenImage(f'x{i}.jpg', None) for i in range(unknown)]
    (overlap,) = compare(images, protected)
    assert (overlap.seen, overlap.verdict) == (100, verdict)


def test_numbers_of_other_namespaces_are_not_compared(protected):
    images = [SeenImage('100.jpg', 'saiapr:100'), SeenImage('101.jpg', 'vg:101')]
    assert compare(images, protected)[0].verdict is Verdict.CLEAN


def test_photographs_are_compared_where_both_have_numbers():
    split = ProtectedSplit('refcoco_unc', 'val', frozenset(['coco:1', 'coco:2']),
                           {777: 'coco:2'})
    (overlap,) = compare([SeenImage('777.jpg', 'flickr30k:777', 777)], [split])
    assert overlap.leaked == ('coco:2',)


def test_refs_file_gives_its_evaluation_splits(tmp_path):
    folder = tmp_path / 'refcoco+'
    folder.mkdir()
    refs = [dict(image_id=i, split=split) for i, split in enumerate(
        ['train', 'val', 'val', 'testA', 'train'])]
    (folder / 'refs(unc).p').write_bytes(pickle.dumps(refs + refs, 2))
    found = {str(split): split for split in read_protected(folder / 'refs(unc).p')}
    assert list(found) == ['refcoco_plus_unc_val', 'refcoco_plus_unc_testA']
    assert found['refcoco_plus_unc_val'].keys == {'coco:1', 'coco:2'}
    assert found['refcoco_plus_unc_val'].expected == 1500


def test_hash_of_a_set_does_not_depend_on_where_it_was_read(tmp_path):
    images = [coco_image(i) for i in range(5)]
    one = read_protected(write_canonical(tmp_path / 'a', 'x', 'val', images))
    other = read_protected(write_canonical(tmp_path / 'b', 'y', 'val', images[::-1]))
    assert one[0].sha256 == other[0].sha256


def test_training_split_is_nothing_to_protect(tmp_path):
    path = write_canonical(tmp_path, 'x', 'train', [coco_image(1)])
    with pytest.raises(ValueError, match='has no split but train'):
        read_protected(path)


def test_same_words_with_the_same_image_are_a_leak(tmp_path):
    images = [coco_image(i) for i in OTHERS[:3]]
    train = write_canonical(tmp_path, 'a', 'train', images, ('left man', 'a dog'))
    val = write_canonical(tmp_path, 'b', 'val', images[1:], ('a dog', 'a cat'))
    assert find_text_leaks(train, val) == [('coco:5001', 'a dog'),
                                           ('coco:5002', 'a dog')]


def test_copies_found_by_content_are_counted(tmp_path):
    own = [dict(id=f'file:{name}', file=name) for name in ('x/1.png', '1.png')]
    (split,) = read_protected(write_canonical(tmp_path, 'b', 'val', own))
    (coco,) = read_protected(write_protected(tmp_path))
    overlaps = compare([SeenImage('a', 'coco:100')], [split, coco])
    found = add_copies(overlaps, [split, coco], [
        ('1.png', 'mine.png'), ('COCO_train2014_000000000101.jpg', 'other.png')])
    assert [overlap.leaked for overlap in found] == [
        ('b/1.png',), ('coco:100', 'coco:101')]
    assert add_copies(overlaps, [split, coco], []) == overlaps
