"""Canonical files, exported and prepared again, are what they were."""
import json

import pytest

from segvg.annotations.canonical import CanonicalFile, CanonicalWriter
from segvg.annotations.checks import Check, Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.exporters import EXPORTERS, Losses
from segvg.annotations.readers import READERS, ReadOptions
from segvg.synthref import generate

pytestmark = pytest.mark.slow

# several targets and none, polygons and run lengths; phrases, holes and parts
SIZES = dict(L1=dict(train=12, val=8, testA=4, testB=4),
             L4=dict(train=4, val=4, testA=2, testB=2))
READ_AS = dict(refer='refer_refcoco', grefcoco='grefcoco', mdetr='mdetr_refexp',
               odvg='odvg')


@pytest.fixture(scope='module', params=SIZES)
def synthref(request, tmp_path_factory):
    """Folder of a small SynthRef and its canonical files."""
    out = tmp_path_factory.mktemp('synthref')
    generate(out, request.param, 1, SIZES[request.param])
    return out, sorted((out / 'canonical').glob('*.jsonl'))


def read(format_name, folder, images):
    """Lines and findings of a folder."""
    report = Report()
    options = ReadOptions(check=Check.FULL, images=images)
    lines = [line for source in READERS[format_name]([folder], options)
             for line in read_lines(source, report, options)]
    return lines, report.findings


def export(target, paths, out):
    """What was lost by an export."""
    losses = Losses()
    written = EXPORTERS[target](paths, out, losses)
    assert written and all(path.is_file() for path in written)
    return losses.counts


def samples(lines, fields, image_fields=('id', 'file', 'width', 'height')):
    """Expressions with image and targets, as far as a format holds them.

    Objects of a line are in the order in which sentences name them, which is no fact.
    """
    found = []
    for line in lines:
        for expr in line['exprs']:
            phrases = expr.get('phrases', ()) if expr.get('caption') else ()
            targets = expr['targets'] or sorted(
                {i for phrase in phrases for i in phrase['targets']})
            found.append(dict(
                split=line['split'], text=expr['text'],
                image={key: line['image'][key] for key in image_fields},
                targets=sorted(({key: line['instances'][i].get(key) for key in fields}
                                for i in targets), key=json.dumps),
                **{key: expr.get(key) for key in ('id', 'ref_id', 'sent')
                   if key in fields or 'segm' in fields}))
    return sorted(found, key=json.dumps)


def originals(paths):
    return [line for path in paths for line in CanonicalFile(path)]


ALL = ('id', 'bbox', 'category_id', 'iscrowd', 'area', 'segm')


@pytest.mark.parametrize('target', ['refer', 'grefcoco'])
def test_records_are_identical_after_a_round_trip(target, synthref, tmp_path):
    out, paths = synthref
    lost = export(target, paths, tmp_path)
    lines, findings = read(READ_AS[target], tmp_path, out / 'images')
    assert not findings and not any('made up' in what for what in lost)
    expected = samples(originals(paths), ALL)
    if target == 'refer':
        several = [s for s in expected if len(s['targets']) != 1]
        left_out = [count for what, count in lost.items() if 'left out' in what]
        assert sum(left_out) == len(several) > 0
        expected = [s for s in expected if len(s['targets']) == 1]
    assert samples(lines, ALL) == expected


@pytest.mark.parametrize('format_name', ['refer_refcoco', 'grefcoco'])
def test_generated_files_are_those_that_are_prepared(format_name, synthref):
    """What the generator wrote in each form, read, is its canonical form."""
    out, paths = synthref
    (folder,) = out.glob('synthref_*')
    lines, findings = read(format_name, folder, out / 'images')
    assert not findings
    expected = samples(originals(paths), ALL)
    for sample in samples(lines, ALL):
        assert sample in expected
    if format_name == 'grefcoco':
        assert len(samples(lines, ALL)) == len(expected)


def test_mdetr_holds_boxes_texts_and_targets(synthref, tmp_path):
    out, paths = synthref
    lost = export('mdetr', paths, tmp_path)
    lines, findings = read('mdetr_refexp', tmp_path, out / 'images')
    assert not findings
    fields = ('bbox', 'category_id', 'iscrowd')
    assert samples(lines, fields) == samples(originals(paths), fields)
    with_target = [s for s in samples(lines, fields) if s['targets']]
    assert lost['not held: masks'] == sum(len(s['targets']) for s in with_target)


def test_odvg_holds_boxes_and_texts(synthref, tmp_path):
    out, paths = synthref
    paths = [path for path in paths if '_val' in path.name]
    lost = export('odvg', paths, tmp_path)
    lines, findings = read('odvg', tmp_path, out / 'images')
    assert {finding.code for finding in findings} <= {'expr_ambiguous'}
    expected = samples(originals(paths), ['bbox'], ['file', 'width', 'height'])
    held = [s for s in expected if s['targets']]
    assert samples(lines, ['bbox'], ['file', 'width', 'height']) == held
    assert lost['left out: sentences with no target'] == len(expected) - len(held) > 0


def test_what_a_format_cannot_hold_is_listed(tmp_path):
    with CanonicalWriter(tmp_path, 'own', {}) as writer:
        writer.write(dict(
            image=dict(id='file:a.jpg', file='a.jpg', width=20, height=10),
            split='train',
            instances=[dict(id='x', bbox=[0.0, 0.0, 5.0, 5.0]),
                       dict(id='y', bbox=None, segm={'poly': [[1, 1, 4, 1, 4, 3, 1,
                                                               3]]})],
            exprs=[dict(id='a', text='Both!', sent='both', targets=[0, 1]),
                   dict(id='b', text='dog', targets=[1], negative_of=3,
                        phrases=[dict(span=[[0, 3]], targets=[1])]),
                   dict(id='c', text='a dog', caption=True, targets=[0],
                        phrases=[dict(span=[[2, 5]], targets=[0])])]))
    path = tmp_path / 'own_train.jsonl'
    lost = export('refer', [path], tmp_path / 'refer')
    assert lost == {
        'changed: image ids': 1, 'changed: annotation ids': 2, 'changed: ref ids': 1,
        'changed: sentence ids': 1, 'made up: categories': 2,
        'made up: areas, of the boxes': 2, 'empty: masks that are not there': 1,
        'left out: captions': 1, 'left out: sentences with several targets': 1,
        'not held: phrases': 1, 'not held: negative_of': 1}
    instances = json.loads((tmp_path / 'refer/instances.json').read_text())
    assert [a['bbox'] for a in instances['annotations']] == [[0, 0, 5, 5], [1, 1, 3, 2]]
    lost = export('mdetr', [path], tmp_path / 'mdetr')
    assert lost['not held: cleaned text'] == 1
    assert sorted(p.name for p in (tmp_path / 'mdetr').iterdir()) == [
        'final_mixed_train.json', 'finetune_own_train.json']


def test_files_of_two_data_sets_are_refused(tmp_path):
    for name in 'ab':
        with CanonicalWriter(tmp_path, name, {}) as writer:
            writer.write(dict(image=dict(id='file:1', file='a.jpg', width=1, height=1),
                              split='val', instances=[], exprs=[]))
    with pytest.raises(ValueError, match='one data set'):
        export('odvg', [tmp_path / 'a_val.jsonl', tmp_path / 'b_val.jsonl'], tmp_path)


def test_category_0_stays_what_it_is(tmp_path):
    meta = dict(categories={'5': 'dog', '0': 'cat'})
    with CanonicalWriter(tmp_path, 'own', meta) as writer:
        writer.write(dict(
            image=dict(id='file:a.jpg', file='a.jpg', width=20, height=10),
            split='train', instances=[dict(id=1, bbox=[0, 0, 5, 5], category_id=0)],
            exprs=[dict(id=1, text='cat', targets=[0])]))
    export('mdetr', [tmp_path / 'own_train.jsonl'], tmp_path / 'out')
    (path,) = (tmp_path / 'out').glob('*train.json')
    (annotation,) = json.loads(path.read_text())['annotations']
    assert annotation['category_id'] == 0
