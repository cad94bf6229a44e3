from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from segvg.datasets.synthref.forms import The, leaves
from segvg.datasets.synthref.levels import LEVELS
from segvg.datasets.synthref.parser import parse
from segvg.datasets.synthref.render import render
from segvg.datasets.synthref.semantics import denote, idle_words, try_denote
from segvg.datasets.synthref.sentences import names_pair
from tests.datasets.synthref.mask_evaluator import Seen, evaluate

MIRROR = dict(left='right', right='left', leftmost='rightmost', rightmost='leftmost')


def sentences(all_records):
    return [(level, record, sentence) for level, record in all_records
            for sentence in record.sentences]


def test_sentences_denote_exactly_their_targets(all_records):
    for _, record, sentence in sentences(all_records):
        assert denote(sentence.form, record.scene) == set(sentence.targets)


def test_words_say_the_form(all_records):
    for _, _, sentence in sentences(all_records):
        assert parse(sentence.wording.sent) == sentence.form


def test_evaluator_on_masks_agrees(all_records):
    agreed = total = 0
    for _, record in all_records:
        picture, masks = render(record.scene)
        for sentence in record.sentences:
            agreed += evaluate(sentence.form, picture, masks) == set(sentence.targets)
            total += 1
    assert agreed == total > 1600


def test_evaluator_on_masks_agrees_on_forms_of_other_scenes(all_records):
    """Forms taken from another image; what the first evaluator decides must agree."""
    decided = 0
    for (_, record), (_, other) in zip(all_records, all_records[1:]):
        picture, masks = render(record.scene)
        for sentence in other.sentences:
            found = try_denote(sentence.form, record.scene)
            if found is not None:
                decided += 1
                assert evaluate(sentence.form, picture, masks) == found, sentence
    assert decided > 400


def test_attributes_are_visible(all_records):
    for _, record in all_records[::3]:
        picture, masks = render(record.scene)
        for mask, item in zip(masks, record.scene.objects):
            seen = Seen(picture, mask)
            assert (seen.shape, seen.colour, seen.size) == (
                item.shape, item.colour, item.size)


def test_no_sentence_occurs_twice_in_an_image(all_records):
    for level, record in all_records:
        texts = [sentence.wording.sent for sentence in record.sentences]
        assert len(texts) == len(set(texts)) == level.sentences


def test_words_are_needed_unless_tagged(all_records):
    singles = [(record, sentence) for _, record, sentence in sentences(all_records)
               if sentence.kind == 'single']
    for record, sentence in singles:
        assert sentence.redundant == bool(idle_words(sentence.form, record.scene))
    redundant = sum(sentence.redundant for _, sentence in singles)
    assert 0.05 < redundant / len(singles) <= 0.2


def test_parts_of_a_conjunction_are_unique_and_needed(all_records):
    found = [(record, sentence) for _, record, sentence in sentences(all_records)
             if sentence.kind == 'multi']
    assert found
    for record, sentence in found:
        assert idle_words(sentence.form, record.scene) == []
        for part in sentence.form.parts:
            assert len(denote(part, record.scene)) == 1


def test_negatives_fit_nothing_though_everything_is_decided(all_records):
    none = [(record, sentence) for _, record, sentence in sentences(all_records)
            if sentence.kind == 'none']
    assert {sentence.negative for _, sentence in none} == {
        'swap', 'flip', 'combination', 'shape'}
    for record, sentence in none:
        assert denote(sentence.form, record.scene) == frozenset()
        leaf = next(leaves(sentence.form))
        values = [{getattr(item, kind) for item in record.scene.objects}
                  for kind in ('shape', 'colour')]
        if sentence.negative == 'combination':
            assert leaf.get('shape') in values[0] and leaf.get('colour') in values[1]
        if sentence.negative == 'shape':
            assert leaf.get('shape') not in values[0]


def test_shares_of_kinds(records):
    kinds = Counter(sentence.kind for items in records['L1'].values()
                    for record in items for sentence in record.sentences)
    total = sum(kinds.values())
    assert kinds['none'] / total == pytest.approx(0.1, abs=0.03)
    assert kinds['multi'] / total == pytest.approx(0.1, abs=0.03)
    assert {sentence.kind for items in records['L0'].values() for record in items
            for sentence in record.sentences} == {'single'}


def test_held_out_pairs_are_in_test_a_only(records):
    for name, splits in records.items():
        held = LEVELS[name].held_out()
        for split, items in splits.items():
            for record in items:
                pairs = [(item.shape, item.colour) for item in record.scene.objects]
                for sentence in record.sentences:
                    if split == 'testA':
                        assert all(pairs[i] in held for i in sentence.targets)
                    else:
                        assert not names_pair(sentence.form, held)
                assert split == 'testA' or not set(pairs) & set(held)


def test_long_sentences_are_in_test_b_only(records):
    for name, splits in records.items():
        long = {split: sum(sentence.long for record in items
                           for sentence in record.sentences)
                for split, items in splits.items()}
        assert long.pop('testB') > 30
        assert set(long.values()) == {0}
        for record in splits['testB']:
            for sentence in record.sentences:
                if sentence.long and isinstance(sentence.form, The):
                    leaf = next(leaves(sentence.form))
                    usual = LEVELS[name].usual
                    named = [kind for kind in leaf.kinds() if kind != 'place']
                    limit = (usual.plain_filters if sentence.type == 'attribute'
                             else usual.joined_filters)
                    assert len(named) > limit


def test_flipped_scene_with_swapped_words_has_the_same_targets(all_records):
    for _, record, sentence in sentences(all_records):
        scene = record.scene
        objects = tuple(replace(item, cx=scene.width - item.cx)
                        for item in scene.objects)
        flipped = replace(scene, objects=objects)
        words = [MIRROR.get(each, each) for each in sentence.wording.sent.split()]
        form = parse(' '.join(words))
        assert denote(form, flipped) == set(sentence.targets)


def test_targets_go_round_the_objects(records):
    """With three sentences no object is asked for twice before each was once."""
    for record in records['L0']['train']:
        counts = np.bincount([sentence.targets[0] for sentence in record.sentences],
                             minlength=len(record.boxes))
        assert counts.max() - counts.min() <= 1
