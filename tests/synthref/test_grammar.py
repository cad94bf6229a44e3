import re

import pytest

from segvg.synthref.forms import (
    EXTENTS,
    PLACES,
    SIDES,
    All,
    Extreme,
    Objects,
    The,
    Together,
)
from segvg.synthref.grammar import TEMPLATES, load_vocabulary, word
from segvg.synthref.levels import LEVELS
from segvg.synthref.parser import parse
from segvg.synthref.streams import Stream

L1 = LEVELS['L1']
RED_CIRCLE = Objects('circle', (('colour', 'red'),))
SMALL = Objects(filters=(('size', 'small'), ('colour', 'orange')))


def all_forms():
    """Forms of every type that the levels use."""
    plain = [Objects(shape) for shape in L1.shapes]
    plain += [Objects().replace('colour', colour) for colour in L1.colours]
    plain += [Objects().replace('size', size) for size in L1.sizes]
    plain += [RED_CIRCLE, SMALL, RED_CIRCLE.replace('size', 'large')]
    joined = [Objects(), Objects('ring'), RED_CIRCLE, SMALL]
    for objects in plain:
        yield 'attribute', The(objects)
    for objects in joined:
        yield from (('place', The(objects.replace('place', p))) for p in PLACES)
        yield from (('side', The(Extreme(objects, side))) for side in SIDES)
    for objects in joined[:3]:
        yield from (('extent', The(Extreme(objects, key))) for key in EXTENTS)
    yield 'together', Together((The(RED_CIRCLE), The(SMALL)))
    yield 'together', Together((The(Objects('star')), The(Objects('ring'))))


def wordings(form, number=120):
    stream = Stream(7, 1, 0, 0, 'text')
    return [word(form, L1, stream) for _ in range(number)]


@pytest.mark.parametrize('form', [form for _, form in all_forms()], ids=str)
def test_every_wording_is_read_back_as_the_same_form(form):
    for wording in wordings(form):
        assert parse(wording.sent) == form, wording


def test_every_type_has_six_surface_forms_and_every_template_is_used():
    used, per_type = set(), {}
    for kind, form in all_forms():
        templates = {wording.template for wording in wordings(form)}
        used |= templates
        per_type.setdefault(kind, []).append(len(templates))
    assert used == {text for texts in TEMPLATES.values() for text in texts}
    assert all(min(counts) >= 6 for counts in per_type.values()), per_type


def test_every_word_is_in_the_vocabulary():
    vocabulary = load_vocabulary()
    assert vocabulary[:5] == ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    assert len(vocabulary) == len(set(vocabulary)) <= 160
    for _, form in all_forms():
        for wording in wordings(form, 40):
            tokens = re.findall(r'\w+|[^\w\s]', wording.raw.lower())
            assert set(tokens) <= set(vocabulary)


def test_raw_and_sent_differ_by_capital_and_full_stop_only():
    for wording in wordings(The(RED_CIRCLE)):
        assert wording.raw.lower().rstrip('.') == wording.sent
        assert (wording.raw != wording.sent) == (wording.style == 'full')
    stream = Stream(7, 0, 0, 0, 'text')
    for _ in range(40):
        wording = word(The(RED_CIRCLE), LEVELS['L0'], stream)
        assert wording.raw == wording.sent
        assert 'disc' not in wording.sent


def test_styles_have_their_shares():
    styles = [wording.style for wording in wordings(The(RED_CIRCLE), 2000)]
    assert styles.count('plain') == pytest.approx(800, abs=80)
    assert styles.count('telegraph') == pytest.approx(600, abs=80)


def test_article_before_a_vowel():
    sents = {wording.sent for wording in wordings(The(Objects().replace(
        'colour', 'orange')))}
    assert any('an orange' in sent for sent in sents)
    assert not any('a orange' in sent for sent in sents)


@pytest.mark.parametrize('sent, message', [
    ('the red cat', r"cannot read \['cat'\]"), ('the red', 'no noun'),
    ('the red blue circle', 'two of colour')])
def test_parser_refuses_what_it_cannot_read(sent, message):
    with pytest.raises(ValueError, match=message):
        parse(sent)


def test_form_without_words_is_refused():
    with pytest.raises(TypeError, match='there are no words for All'):
        word(All(RED_CIRCLE), L1, Stream(0, 0, 0, 0, 'text'))
