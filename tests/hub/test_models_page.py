"""docs/models.md agrees with the metafiles."""
from segvg.hub.models_page import PAGE, models_page
from tests.toy import ROOT


def test_page_is_up_to_date():
    text = (ROOT / PAGE).read_text('utf-8')
    assert text == models_page(text), (
        f'{PAGE} differs from the metafiles; make it again: '
        'python -m segvg.hub.models_page')
