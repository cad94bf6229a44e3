"""Names that a user may have meant."""
from segvg.utils.close_names import did_you_mean


def test_close_names_are_asked_for():
    assert did_you_mean('trian', ['test', 'train']) == 'did you mean train?'
    assert did_you_mean('tain', ['train', 'main'], most=2) == (
        'did you mean train or main?')
    assert did_you_mean('xyz', ['train']) == ''
