import json

import pytest

from segvg.annotations.checks import Report
from segvg.annotations.conversion import convert
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import ReadOptions
from segvg.datasets import GroundingDataset
from segvg.synthref.photographs.source import Choices, PhotoExpressions
from tests.synthref.photographs.instances import write_instances

IMAGES = [[(name, 50, 50, 200, 200), ('dog', 300 + i, 100, 500, 300),
           (name, 250, 330, 350, 450)]
          for i, name in enumerate(['cat', 'zebra', 'bird', 'cow'] * 8)]


def make(path, out, **choices):
    report = Report()
    all_objects = choices.pop('all_objects', False)
    source = PhotoExpressions(path, 'made', Choices(**choices))
    meta = convert(source, out, report, ReadOptions(all_objects=all_objects))
    return meta, {split: [json.loads(line) for line in (
        out / facts['file']).read_text().splitlines()]
        for split, facts in meta['splits'].items()}


def exprs_of(lines):
    return [expr for line in lines for expr in line['exprs']]


def test_files_are_read_by_the_dataset_and_the_meta_file_says_what_is_in_them(tmp_path):
    path = write_instances(tmp_path / 'a.json', IMAGES)
    meta, splits = make(path, tmp_path / 'out')
    exprs = exprs_of(splits['train'])
    facts = meta['splits']['train']
    assert sum(facts['kinds'].values()) == len(exprs) == facts['exprs']
    assert facts['kinds']['none'] == sum(not expr['targets'] for expr in exprs) > 5
    assert facts['ceilings']['only'] == dict(
        random_object=33.33, random_in_class=100.0, largest=100.0)
    assert {expr['extra']['kind'] for expr in exprs} == set(facts['kinds'])
    assert meta['categories']['2'] == 'dog' and len(meta['sources']) == 1
    dataset = GroundingDataset(str(tmp_path / 'out/made_train.jsonl'))
    assert len(dataset) == len(exprs)


def test_same_seed_same_files_whatever_else_is_in_the_file(tmp_path):
    path = write_instances(tmp_path / 'a.json', IMAGES)
    first = make(path, tmp_path / 'a', none_share=0)[1]['train']
    assert make(path, tmp_path / 'b', none_share=0)[1]['train'] == first
    assert make(path, tmp_path / 'c', none_share=0, seed=1)[1]['train'] != first
    fewer = write_instances(tmp_path / 'b.json', IMAGES[:5],
                            ['cat', 'dog', 'zebra', 'bird', 'cow'])
    assert [[expr['text'] for expr in line['exprs']]
            for line in make(fewer, tmp_path / 'd', none_share=0)[1]['train']] == [
                [expr['text'] for expr in line['exprs']] for line in first[:5]]


def test_images_are_split_whole(tmp_path):
    path = write_instances(tmp_path / 'a.json', IMAGES)
    _, splits = make(path, tmp_path / 'out', val_share=0.3)
    names = {split: {line['image']['file'] for line in lines}
             for split, lines in splits.items()}
    assert not names['train'] & names['val']
    assert len(names['train']) + len(names['val']) == len(IMAGES)
    assert 3 <= len(names['val']) <= 16


def test_nothing_is_said_to_be_absent_that_is_there(tmp_path):
    path = write_instances(tmp_path / 'a.json', IMAGES)
    lines = make(path, tmp_path / 'out', none_share=0.5, all_objects=True)[1]['train']
    asked = {expr['text'] for expr in exprs_of(lines) if expr['targets']}
    names = dict(enumerate(['cat', 'dog', 'zebra', 'bird', 'cow'], 1))
    for line in lines:
        there = {names[item['category_id']] for item in line['instances']}
        for expr in line['exprs']:
            if not expr['targets']:
                assert not any(name in expr['text'] for name in there)
                assert expr['text'] in asked


def test_kinds_and_number_can_be_chosen(tmp_path):
    path = write_instances(tmp_path / 'a.json', IMAGES)
    lines = make(path, tmp_path / 'out', kinds=('side', 'two'), most=3)[1]['train']
    assert all(len(line['exprs']) == 3 for line in lines)
    assert {expr['extra']['kind'] for expr in exprs_of(lines)} == {'side', 'two'}
    for bad in (dict(kinds=('colour',)), dict(most=0), dict(val_share=1.5)):
        with pytest.raises(ValueError, match='expected|is not a kind'):
            Choices(**bad)


def test_sentences_with_the_same_target_are_one_ref(tmp_path):
    path = write_instances(tmp_path / 'a.json', IMAGES)
    lines = make(path, tmp_path / 'out', all_objects=True)[1]['train']
    for line in lines:
        refs = {}
        for expr in line['exprs']:
            if expr['targets']:
                known = refs.setdefault(expr['ref_id'], expr['targets'])
                assert known == expr['targets']
        meant = {target for expr in line['exprs'] for target in expr['targets']}
        assert [item.get('ref', True) for item in line['instances']] == [
            index in meant for index in range(3)]


def test_file_without_nouns_is_refused(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[('1', 0, 0, 100, 100)]])
    with pytest.raises(AnnotationFileError, match='no category has a name'):
        make(path, tmp_path / 'out')
