import math

import pytest

from segvg.synthref.ambiguity import (
    bag_of_words_chance,
    count_readings,
    readings,
    rearrangements,
)
from segvg.synthref.ceilings import NAMES, compute_ceilings
from segvg.synthref.facts import facts_of
from segvg.synthref.forms import Objects, Ordinal, Related, The, Together, Without
from segvg.synthref.grammar import Wording
from segvg.synthref.images import ImageRecord, Job, find_scene, tight_box
from segvg.synthref.levels import LEVELS
from segvg.synthref.semantics import try_evaluate
from segvg.synthref.sentences import Sentence
from tests.synthref.conftest import SEED, make_scene

pytestmark = pytest.mark.slow

IMAGES = dict(L0=300, L1=300, L2=100, L3=60, L4=30, L5=18)
BAGS = dict(L0=100, L1=100, L2=62, L3=80, L4=80, L5=80)   # at most, of val


def record(scene, *targets):
    """A scene from left to right, with one sentence for each target."""
    boxes = [tuple(int(edge) for edge in item.box) for item in scene.objects]
    words = Wording('it', 'it', 'plain', 'it')
    return ImageRecord('val', scene, [
        Sentence(The(Ordinal(Objects(), target + 1, 'left')), 'side', (target,), words)
        for target in targets],
        boxes, [400] * len(boxes), [[]] * len(boxes), b'')


def square(x, colour='red'):
    return ('square', colour, 'medium', 10, x, 50)


def test_random_object_is_one_in_the_number_of_objects():
    two, four = make_scene(square(20), square(80)), make_scene(
        *(square(x) for x in (12, 37, 62, 87)))
    found = compute_ceilings(dict(train=[record(two, 0, 1)], val=[record(four, 0, 1)]))
    assert found['train']['random_object'] == 50
    assert found['val']['random_object'] == 25


def test_a_target_that_shows_is_found_without_text():
    """Always the blue one, at the right: every blind model gets that."""
    scene = make_scene(square(20), square(80, 'blue'))
    records = [record(scene, 1) for _ in range(8)]
    found = compute_ceilings(dict(train=records, val=records[:4]))
    for split in ('train', 'val'):
        assert found[split]['text_blind'] == 100
        assert found[split]['text_blind_oracle'] == 100
        assert found[split]['best_prior_position'] == 100
        assert found[split]['image_blind'] == 100


def test_split_without_sentences_has_no_ceilings():
    scene = make_scene(square(20), square(80))
    found = compute_ceilings(dict(train=[record(scene, 0)], val=[record(scene)]))
    assert found['val'] == dict.fromkeys(NAMES)


def without_picture(job):
    """What ceilings ask of an image: its scene, sentences and boxes."""
    scene, sentences, masks = find_scene(job)
    return ImageRecord(job.split, scene, sentences, list(map(tight_box, masks)), [], [],
                       b'')


@pytest.mark.parametrize('level', LEVELS.values(), ids=LEVELS)
def test_text_blind_models_stay_at_chance(level, records):
    number = IMAGES[level.name]
    images = {split: first + [
        without_picture(Job(level, split, SEED, index, None)) for index in range(
            len(first), number if split == 'train' else number * 2 // 3)]
        for split, first in records[level.name].items()}
    for split, found in compute_ceilings(images, level.compound).items():
        for name in ('text_blind', 'best_prior_position', 'image_blind'):
            spread = 0 if number == 300 else 100 / math.sqrt(number)
            assert found[name] <= found['random_object'] + 5 + spread, (split, found)
        assert found['text_blind_oracle'] >= found['random_object']
        assert found['bag_of_words'] > 99 or level.compound
        assert split != 'val' or found['bag_of_words'] <= BAGS[level.name], found


RED, SQUARE = ('colour', 'red'), Objects('square', (('colour', 'blue'),))


def test_rearrangements_deal_out_the_same_words():
    form = Together((The(Objects('circle', (RED,))), The(SQUARE)))
    assert rearrangements(The(SQUARE)) == {The(SQUARE)}
    found = rearrangements(form)
    assert len(found) == 4
    assert Together((The(Objects('square', (RED,))),
                     The(Objects('circle', (('colour', 'blue'),))))) in found


def test_bag_of_words_cannot_tell_who_is_left_of_whom():
    scene = make_scene(('circle', 'red', 'medium', 10, 20, 50),
                       ('square', 'blue', 'medium', 10, 50, 50),
                       ('circle', 'red', 'medium', 10, 80, 50))
    form = The(Related(Objects('circle'), 'left of', The(Objects('square'))))
    # "the square left of the circle" names no landmark here: two circles
    assert bag_of_words_chance(form, scene) == 1
    scene = make_scene(*((item.shape, item.colour, item.size, 10, item.cx, 50)
                         for item in scene.objects[:2]))
    # and here it denotes nothing, which is an answer too
    assert bag_of_words_chance(form, scene) == 0.5


def test_not_may_belong_to_another_word_of_its_phrase():
    small = ('size', 'small')
    form = The(Without(Objects('circle', (small,)), 'colour', 'red'))
    assert rearrangements(form) == {
        form, The(Without(Objects('circle', (RED,)), 'size', 'small')),
        The(Without(Objects('object', (small, RED)), 'shape', 'circle'))}


def test_relations_of_two_hops_may_change_places():
    inner = The(Related(Objects('star'), 'above', The(Objects('ring'))))
    form = The(Related(Objects('heart'), 'left of', inner))
    found = rearrangements(form)
    assert len(found) == 12
    changed = The(Related(Objects('star'), 'left of', The(Objects('ring'))))
    assert The(Related(Objects('heart'), 'above', changed)) in found


def test_readings_of_the_same_kind_are_counted():
    scene = make_scene(('circle', 'red', 'medium', 10, 20, 50),
                       ('square', 'blue', 'medium', 10, 50, 50))
    form = The(Related(Objects('circle'), 'left of', The(Objects('square'))))
    assert bag_of_words_chance(form, scene) == 0.5   # the other one denotes nothing
    assert count_readings(form, scene) == 1


def test_readings_are_what_rearrangements_denote(records):
    for name in ('L2', 'L3', 'L4', 'L5'):
        for record in records[name]['train'][:5] + records[name]['testB'][:5]:
            facts = facts_of(record.scene)
            for sentence in record.sentences:
                found = list(readings(sentence.form, record.scene))
                assert len(found) == len(set(found))
                assert set(found) == {
                    try_evaluate(form, facts)
                    for form in rearrangements(sentence.form)} - {None}
                number = count_readings(sentence.form, record.scene)
                assert number == sum(min(bits.bit_count(), 2) == min(
                    len(sentence.targets), 2) for bits in found)
                for most in (1, 2):
                    assert count_readings(
                        sentence.form, record.scene, most) == min(number, most)
