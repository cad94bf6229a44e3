"""A model card has the content of a result card, with all markup escaped."""
import yaml

from segvg.hub.model_card import escaped, model_card


def test_markup_in_values_is_escaped():
    text = '<script>x</script>\n# [a](b) | `c` **d** https://e www.f &amp; \x1b[1m'
    found = escaped(text)
    assert '<' not in found and '\n' not in found and '\x1b' not in found
    for sign in '#[]()|`*.:':
        assert sign not in found.replace(f'\\{sign}', '')


def test_head_is_plain_yaml_for_any_name():
    name = 'a: b\n---\n!!python/object:os.system x'
    card = dict(name=name, scores={}, intervals={}, protocols=[], thresholds=[],
                leakage='', data=dict(expressions=0, images=0, splits=[], files=[]),
                config=dict(file='x'), weights=dict(sha256=''))
    text = model_card(card, license='mit', tags=['b', 'a'])
    _, head, body = text.split('---\n', 2)
    assert yaml.safe_load(head) == dict(
        library_name='segvg', tags=['a', 'b'], license='mit',
        model_name=name.replace('\n', '\\n'))
    assert body.startswith('\n# a\\: b')


def test_without_a_result_card_there_are_no_results():
    assert '## Results' not in model_card(None)
