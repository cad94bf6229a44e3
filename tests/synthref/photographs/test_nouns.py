import pytest

from segvg.synthref.photographs.nouns import Noun, alike, noun_of, plural

PLURALS = dict(
    person='people', mouse='mice', sheep='sheep', bus='buses', knife='knives',
    toothbrush='toothbrushes', couch='couches', box='boxes', zebra='zebras',
    donut='donuts', snowman='snowmen', human='humans', policewoman='policewomen',
    bookshelf='bookshelves', cherry='cherries', monkey='monkeys', tomato='tomatoes',
    photo='photos', leaf='leaves', goldfish='goldfish', aircraft='aircraft',
    child='children', grandchild='grandchildren', dress='dresses', lens='lenses',
    giraffe='giraffes', scarf='scarves')


@pytest.mark.parametrize('singular', PLURALS)
def test_plural(singular):
    assert plural(singular) == PLURALS[singular]


@pytest.mark.parametrize('name, many', [
    ('teddy bear', 'teddy bears'), ('wine glass', 'wine glasses'),
    ('computer mouse', 'computer mice'), ('box of cards', 'boxes of cards'),
    ('stop sign', 'stop signs'), ('man with hat', 'men with hat')])
def test_plural_of_several_words(name, many):
    assert plural(name) == many


@pytest.mark.parametrize('name, noun', [
    ('cat', Noun('cat', 'cat', 'cats')),
    ('Traffic_Light', Noun('traffic light', 'traffic light', 'traffic lights')),
    ('trafficLight', Noun('traffic light', 'traffic light', 'traffic lights')),
    ('PERSON', Noun('person', 'person', 'people')),
    ('TV', Noun('TV', 'TV', 'TVs')),
    ('bow_(weapon)', Noun('bow', 'bow', 'bows')),
    ('scissors', Noun('scissors', 'pair of scissors', 'pairs of scissors')),
    ('skis', Noun('skis', 'pair of skis', 'pairs of skis', False)),
    ('broccoli', Noun('broccoli', 'broccoli', 'broccolis', False)),
    ('Banana', Noun('banana', 'banana', 'bananas', False, False)),
    ('cars', Noun('cars', 'cars', 'cars', False))])
def test_noun_of_a_category(name, noun):
    assert noun_of(name) == noun


@pytest.mark.parametrize('name', ['', '0', '12', '_', '汽车', '(none)', None and ''])
def test_names_that_are_not_nouns(name):
    assert noun_of(str(name or '')) is None


def test_look_alikes():
    assert {'truck', 'bus'} < alike('car') and alike('zebra') == {'zebra'}
