"""docs/models.md is what the metafiles say."""
from segvg.hub.models_page import PAGE, models_page
from tests.toy import ROOT


def test_page_is_up_to_date():
    text = (ROOT / PAGE).read_text('utf-8')
    assert text == models_page(text), (
        f'{PAGE} is not what the metafiles say; make it again: '
        'python -m segvg.hub.models_page')
