"""Words of the page: colors of phrases, and nothing that a text can break."""
from segvg.demo.answers import Reply, number_answers
from segvg.demo.html import (
    comparison_html,
    error_html,
    marked_text,
    replies_html,
    verdict_html,
)
from segvg.visualization.colors import hex_color
from tests.demo.made import Ground

BAD = '<img src=x onerror=alert(1)>&"\''


def reply(text, *phrases) -> Reply:
    spans = [(text.index(phrase), text.index(phrase) + len(phrase))
             for phrase in phrases]
    return Reply(text, [Ground().answer(part, index)
                        for index, part in enumerate(phrases or (text, ))], spans)


def test_phrases_have_the_colors_of_their_boxes():
    found = reply('a man by two dogs', 'two dogs', 'a man')
    [items] = number_answers([found])
    assert marked_text(found, items) == (
        f'<mark style="background:{hex_color(items[1].color)}">a man</mark> by '
        f'<mark style="background:{hex_color(items[0].color)}">two dogs</mark>')


def test_phrase_inside_another_is_not_marked_twice():
    found = reply('a man by two dogs', 'a man by', 'man')
    text = marked_text(found, *number_answers([found]))
    assert text.count('<mark') == 1 and text.endswith('a man by</mark> two dogs')


def test_answers_have_score_box_or_not_in_this_image():
    html = replies_html([reply('left box'), reply('a zebra')], 'in 1 s')
    assert 'score 0.75' in html and 'box 5, 10, 15, 30' in html
    assert html.count('not in this image') == 1 and '0.93' in html


def test_every_text_is_escaped():
    bad = reply(BAD)._replace(warnings=[BAD])
    parts = [replies_html([bad, reply(f'{BAD} by {BAD}x', f'{BAD}x')], BAD),
             error_html(BAD), verdict_html(BAD, [BAD], BAD, [(BAD, (1, 2, 3))]),
             comparison_html([BAD, BAD], [[bad], [bad]], [None])]
    for html in parts:
        assert '<img' not in html and '&lt;img src=x' in html
