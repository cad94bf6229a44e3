"""A contact sheet of one level: scenes with a sentence each, objects outlined."""
import textwrap

import numpy as np
from PIL import Image, ImageDraw

from segvg.synthref.facts import members_of
from segvg.synthref.images import Job, find_scene
from segvg.synthref.levels import SPLITS, get_level
from segvg.synthref.render import draw_picture
from segvg.synthref.sentences import Sentence

TARGET, LANDMARK = (255, 0, 200), (0, 220, 255)
_COLUMNS, _SCENES = 4, 12
_TILE, _TEXT, _LINES = 320, 15, 4   # width of a tile, height and number of text lines
_LETTERS = 50


def draw_sheet(level: str, seed: int, scenes: int = _SCENES) -> Image.Image:
    """Draw scenes of all splits, each with one of its sentences.

    Targets have a magenta outline and landmarks a cyan one; the text begins with the
    split and the type of the sentence.
    """
    wanted = get_level(level)
    tiles = []
    for number in range(scenes):
        split = SPLITS[max(0, number - scenes + 4)]   # the last ones of other splits
        scene, sentences, masks = find_scene(Job(wanted, split, seed, number, None))
        sentence = sentences[number % len(sentences)]
        tiles.append(_draw_tile(draw_picture(scene), masks, split, sentence))
    rows = -(-scenes // _COLUMNS)
    height = max(tile.height for tile in tiles)
    sheet = Image.new('RGB', (_COLUMNS * _TILE, rows * height), (255, 255, 255))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % _COLUMNS * _TILE, number // _COLUMNS * height))
    return sheet


def _draw_tile(picture: np.ndarray, masks: np.ndarray, split: str,
               sentence: Sentence) -> Image.Image:
    factor = max(1, (_TILE - 8) // picture.shape[1])
    if picture.shape[1] > _TILE - 8:
        step = -(-picture.shape[1] // (_TILE - 8))
        picture, masks = picture[::step, ::step], masks[:, ::step, ::step]
    picture = picture.repeat(factor, 0).repeat(factor, 1)
    masks = masks.repeat(factor, 1).repeat(factor, 2)
    phrases = sentence.wording.phrases or ()
    named = {index for phrase in phrases for index in members_of(phrase.objects)}
    for index in sorted(named - set(sentence.targets)):
        picture[_outline(masks[index])] = LANDMARK
    for index in sentence.targets:
        picture[_outline(masks[index])] = TARGET
    height = picture.shape[0] + _LINES * _TEXT + 6
    tile = Image.new('RGB', (_TILE, height), (255, 255, 255))
    tile.paste(Image.fromarray(picture), (2, 2))
    label = sentence.negative and f'no target, {sentence.negative}' or sentence.type
    lines = textwrap.wrap(f'[{split}, {label}] {sentence.wording.raw}', _LETTERS)
    ImageDraw.Draw(tile).multiline_text(
        (3, picture.shape[0] + 4), '\n'.join(lines[:_LINES]), fill=(0, 0, 0))
    return tile


def _outline(mask: np.ndarray) -> np.ndarray:
    """Return the pixels (H, W) of a mask that are within two of its edge."""
    padded = np.pad(mask, 2)
    height, width = mask.shape
    inner = mask.copy()
    for dy, dx in ((0, 2), (4, 2), (2, 0), (2, 4)):
        inner &= padded[dy:dy + height, dx:dx + width]
    return mask & ~inner
