"""Every rule by which boxes are read from words, on answers as models write them."""
import pytest

from segvg.models.grounders.foundation.parsers import (
    find_parser,
    read_json_boxes,
    read_location_tokens,
)

THOUSAND = (1000.0, 1000.0)


def boxes(*rows):
    return [pytest.approx(row) for row in rows]


@pytest.mark.parametrize(('text', 'expected'), [
    # as Qwen3-VL answers
    ('```json\n[\n\t{"bbox_2d": [100, 200, 300, 400], "label": "red car"}\n]\n```',
     [(0.1, 0.2, 0.3, 0.4)]),
    ('[{"bbox_2d": [100, 200, 300, 400]}]', [(0.1, 0.2, 0.3, 0.4)]),
    ('{"bbox_2d": [100, 200, 300, 400], "label": "a"}', [(0.1, 0.2, 0.3, 0.4)]),
    ('The car is here: [100, 200, 300, 400].', [(0.1, 0.2, 0.3, 0.4)]),
    ('<think>[1, 2, 3, 4]?</think>\n{"bbox": [100, 200, 300, 400]}',
     [(0.1, 0.2, 0.3, 0.4)]),
    # two boxes: in one list, or one after the other
    ('[{"bbox_2d": [0, 0, 100, 100]}, {"bbox_2d": [500, 500, 1000, 1000]}]',
     [(0, 0, 0.1, 0.1), (0.5, 0.5, 1, 1)]),
    ('{"bbox_2d": [0, 0, 100, 100]}\n{"bbox_2d": [500, 500, 1000, 1000]}',
     [(0, 0, 0.1, 0.1), (0.5, 0.5, 1, 1)]),
    ('{"red car": [[0, 0, 100, 100], [500, 500, 1000, 1000]]}',
     [(0, 0, 0.1, 0.1), (0.5, 0.5, 1, 1)]),
    # broken off: complete objects count
    ('```json\n[{"bbox_2d": [0, 0, 100, 100], "label": "a"}, {"bbox_2d": [500, 5',
     [(0, 0, 0.1, 0.1)]),
    # corners in the wrong order, beyond the image
    ('[300, 400, 100, 200]', [(0.1, 0.2, 0.3, 0.4)]),
    ('[-50, 200, 300, 1400]', [(0, 0.2, 0.3, 1)]),
    ('[{"bbox_2d": [5, 5, 5, 50]}, {"bbox_2d": [0, 0, 100, 100]}]',
     [(0, 0, 0.1, 0.1)])])
def test_json_boxes_are_read(text, expected):
    found = read_json_boxes(text, THOUSAND)
    assert found.readable and found.boxes == boxes(*expected)


@pytest.mark.parametrize('text', ['[]', '```json\n[]\n```', 'There is none: []'])
def test_empty_list_is_the_answer_none(text):
    assert read_json_boxes(text, THOUSAND) == ([], True)


@pytest.mark.parametrize('text', [
    '', 'I cannot see a red car in this image.', '{"label": "red car"}',
    '```json\n[{"bbox_2d": [12, 3', '[100, 200, 300]', '[1, 2, 3, "four"]',
    '{"bbox_2d": [NaN, 0, 10, 10]}', '{"bbox_2d": [true, 0, 10, 10]}',
    '[1200, 1200, 1400, 1400]', '[10, 10, 10, 10]', '[' * 100_000, '{"a":' * 50_000,
    '[1e999, 0, 1, 1]'])
def test_words_without_a_box_are_unreadable(text):
    assert read_json_boxes(text, THOUSAND) == ([], False)


def test_pixels_of_the_seen_image_are_relative_to_its_size():
    found = read_json_boxes('[{"bbox_2d": [56, 28, 112, 84]}]', (112.0, 84.0))
    assert found.boxes == boxes((0.5, 1 / 3, 1, 1))


@pytest.mark.parametrize(('text', 'expected'), [
    ('</s><s>red car<loc_100><loc_200><loc_300><loc_400></s>',
     [(0.1005, 0.2005, 0.3005, 0.4005)]),
    # two boxes of one phrase, and of two phrases
    ('car<loc_0><loc_0><loc_9><loc_9><loc_20><loc_20><loc_29><loc_29></s><pad>',
     [(0.0005, 0.0005, 0.0095, 0.0095), (0.0205, 0.0205, 0.0295, 0.0295)]),
    ('car<loc_0><loc_0><loc_9><loc_9>dog<loc_20><loc_20><loc_29><loc_29>',
     [(0.0005, 0.0005, 0.0095, 0.0095), (0.0205, 0.0205, 0.0295, 0.0295)]),
    # broken off at the end, and a run of six elsewhere
    ('car<loc_0><loc_0><loc_9><loc_9><loc_20><loc_20>',
     [(0.0005, 0.0005, 0.0095, 0.0095)]),
    ('<loc_1><loc_1><loc_1><loc_1><loc_5><loc_5>dog<loc_0><loc_0><loc_9><loc_9>',
     [(0.0005, 0.0005, 0.0095, 0.0095)]),
    # a polygon
    ('car<poly><loc_5><loc_1><loc_9><loc_5><loc_1><loc_9></poly>',
     [(0.0015, 0.0015, 0.0095, 0.0095)]),
    # corners in the wrong order
    ('<loc_300><loc_400><loc_100><loc_200>', [(0.1005, 0.2005, 0.3005, 0.4005)])])
def test_location_tokens_are_read(text, expected):
    found = read_location_tokens(text, THOUSAND)
    assert found.readable and found.boxes == boxes(*expected)


@pytest.mark.parametrize('text', [
    '', '</s><s>no such object</s>', 'car<loc_1><loc_2><loc_3>',
    'car<loc_1><loc_2><loc_1000><loc_9>', '<loc_5><loc_5><loc_5><loc_9>',
    f'<loc_{"9" * 400}><loc_1><loc_1><loc_1>', '<poly><loc_1><loc_2></poly>'])
def test_words_without_a_place_are_unreadable(text):
    assert read_location_tokens(text, THOUSAND) == ([], False)


def test_parsers_have_versions_and_names():
    assert find_parser('json_boxes').name == 'json_boxes 1.0'
    with pytest.raises(ValueError, match='parser is one of json_boxes, loc'):
        find_parser('yaml')
