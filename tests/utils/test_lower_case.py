import pytest

from segvg.utils.lower_case import lower_with_origins


@pytest.mark.parametrize('text', ['Left MAN', 'İstanbul Işık', 'ΟΔΟΣ', '', 'Straße ﬁx'])
def test_every_character_has_the_place_it_came_from(text):
    lowered, origins = lower_with_origins(text)
    assert len(lowered) == len(origins)
    assert sorted(set(origins)) == list(range(len(text)))
    for place, character in enumerate(text):
        assert ''.join(part for part, origin in zip(lowered, origins)
                       if origin == place) == character.lower()
