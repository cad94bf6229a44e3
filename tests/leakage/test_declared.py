"""Leakage verdicts on foundation models, from the training sets that are declared."""
import json

import pytest

from segvg.leakage.declared import (
    HOLDS,
    declared_verdict,
    published_names,
    read_declarations,
)

DINO = 'IDEA-Research/grounding-dino-tiny'
MM_DINO = 'openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg'


def annotations(folder, image_id, name='own_val.jsonl'):
    """A canonical file with one image."""
    path = folder / name
    path.write_text(json.dumps(dict(
        image=dict(id=image_id, file='a.jpg', width=10, height=10), split='val',
        instances=[dict(id=0, bbox=[0, 0, 5, 5])],
        exprs=[dict(id=0, text='a', targets=[0])])) + '\n')
    return path


def test_every_declaration_is_complete():
    content = read_declarations()
    for part in content['sets'].values():
        assert part['title'] and part['source'].startswith('https://')
        assert set(part.values()) - {part['title'], part['source']} <= set(HOLDS)
    for name, model in content['models'].items():
        assert name.count('/') == 1 and model['source'].startswith('https://')
        assert model['sets'] and set(model['sets']) <= set(content['sets'])


@pytest.mark.parametrize(('name', 'image_id', 'expected', 'reason'), [
    (DINO, 'synth:3', 'clean', None),
    (DINO, 'coco:3', 'unknown', 'Cap4M'),
    ('IDEA-Research/grounding-dino-base', 'coco:3', 'leaked', 'COCO train2017'),
    (MM_DINO, 'coco:3', 'clean', None),
    ('Qwen/Qwen3-VL-4B-Instruct', 'coco:3', 'unknown', 'do not name'),
    (DINO, 'file:a.jpg', 'unknown', 'images of the data set own: unknown'),
    ('someone/else', 'coco:3', 'unknown', 'not in declared_training.yml'),
    ('someone/else', 'synth:3', 'clean', None)])
def test_verdict_follows_from_the_declared_sets(name, image_id, expected, reason,
                                                tmp_path):
    word, reasons = declared_verdict([name], [annotations(tmp_path, image_id)])
    assert word == expected
    assert bool(reasons) == (word != 'clean')
    assert reason is None or reason in ' '.join(reasons)


@pytest.mark.parametrize(('file', 'reason'), [
    ('synth_val.jsonl', 'the data set synth'), ('coco_val.jsonl', 'the data set coco'),
    ('val.jsonl', 'a data set without a name')])
def test_own_images_are_not_those_of_a_collection_of_the_same_name(file, reason,
                                                                   tmp_path):
    word, reasons = declared_verdict(
        [MM_DINO], [annotations(tmp_path, 'file:a.jpg', file)])
    assert word == 'unknown' and f'images of {reason}: unknown' in ' '.join(reasons)


def test_the_refiner_counts_too():
    model = dict(type='GroundingDINO', name=DINO, mask_refiner=dict(
        type='Sam2Refiner', name='facebook/sam2.1-hiera-small'))
    assert published_names(model) == [DINO, 'facebook/sam2.1-hiera-small']
