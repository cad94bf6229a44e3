import pytest

from segvg.synthref.photographs.guesses import Guesses
from segvg.synthref.photographs.kinds import Candidate
from tests.synthref.photographs.instances import photos_of, write_instances


def test_guesses_by_hand(tmp_path):
    photo, = photos_of(write_instances(tmp_path / 'a.json', [[
        ('cat', 0, 0, 100, 100), ('cat', 200, 0, 300, 100), ('dog', 300, 200, 600, 400),
        # at an IoU of 0.6 with the first cat: who guesses it is right as well
        ('bird', 0, 0, 100, 60)]]))[0]
    guesses = Guesses()
    guesses.add(photo, [Candidate('side', 'the left cat', (0,), ('cat',)),
                        Candidate('only', 'the dog', (2,), ('dog',)),
                        Candidate('two', 'the two cats', (0, 1), ('cat',)),
                        Candidate('none', 'the cow', (), ('cow',))])
    assert dict(guesses.counts) == dict(side=1, only=1, two=1, none=1)
    found = guesses.ceilings()
    assert found == dict(
        only=dict(random_object=25.0, random_in_class=100.0, largest=100.0),
        side=dict(random_object=50.0, random_in_class=50.0, largest=0.0),
        all=dict(random_object=37.5, random_in_class=75.0, largest=50.0))


@pytest.mark.parametrize('sentences', [
    [], [Candidate('none', 'the cow', (), ('cow',))]])
def test_without_targets_there_are_no_guesses(tmp_path, sentences):
    photo, = photos_of(write_instances(tmp_path / 'a.json', [[
        ('cat', 0, 0, 100, 100)]]))[0]
    guesses = Guesses()
    guesses.add(photo, sentences)
    assert guesses.ceilings() == {}
