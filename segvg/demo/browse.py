"""Pages through a data set, or through a result card with its errors."""
from pathlib import Path
from typing import NamedTuple, Optional, Protocol, Union

import numpy as np

from segvg.bench.card import read_card, read_rows
from segvg.bench.errors import KINDS, Case, analyze, data_root, overlaps
from segvg.datasets import GroundingDataset
from segvg.demo.answers import Reply, number_answers
from segvg.demo.drawing import draw_layers, layers_of
from segvg.demo.html import NOT_IN_IMAGE, replies_html, verdict_html
from segvg.structures.images import BrokenImageError, read_image
from segvg.structures.masks import decode_segmentation, encode_rle
from segvg.visualization.drawing import Layer

TARGET_COLOR, ANSWER_COLOR = (64, 196, 255), (255, 145, 0)


class View(NamedTuple):
    """One picture with what is known of it.

    Attributes:
        picture: (H, W, 3) uint8 RGB, or None where the image cannot be read.
        html: the words beside it.
    """
    picture: Optional[np.ndarray]
    html: str


class Browser(Protocol):
    """Something with pictures to page through, in groups."""
    title: str
    #: Name of a group -> number of its pictures.
    groups: dict[str, int]

    def show(self, group: str, index: int) -> View:
        """Return a picture of a group."""


class DataBrowser:
    """The images of an annotation file with all their sentences.

    Args:
        ann_file: canonical ``.jsonl`` file.
        images: folder of its images.
        apply_orientation: whether boxes are those of upright pictures (EXIF).

    Raises:
        OSError: the file does not exist.
        ValueError: it is not a canonical file.
    """

    def __init__(self, ann_file: Union[str, Path], images: Union[str, Path] = '', *,
                 apply_orientation: bool = False) -> None:
        self.dataset = GroundingDataset(ann_file=str(ann_file), sample_by='image',
                                        data_prefix=dict(img=str(images)))
        self.apply_orientation = apply_orientation
        self.title = f'Data set {Path(ann_file).name}'
        self.groups = {'all images': len(self.dataset)}

    def show(self, group: str, index: int) -> View:
        """Return an image with its targets, numbered by sentence or phrase."""
        record = self.dataset.get_data_info(index)
        size = (record['height'], record['width'])
        replies = [_annotated(expr, record['instances'], size)
                   for expr in record['expressions']]
        note = (f'{Path(record["img_path"]).name}: {size[1]} x {size[0]} pixels, '
                f'{record["dataset"]} {record["split"]}')
        try:
            image = read_image(record['img_path'],
                               apply_orientation=self.apply_orientation)
        except BrokenImageError as error:
            return View(None, replies_html(replies, str(error)))
        items = [item for group in number_answers(replies) for item in group]
        return View(draw_layers(image, layers_of(items)), replies_html(replies, note))

    def example(self, index: int) -> tuple[str, list[str]]:
        """Return the path of an image and its sentences."""
        record = self.dataset.get_data_info(index)
        return record['img_path'], [expr['text'] for expr in record['expressions']]


def _annotated(expr: dict, instances: list[dict], size: tuple[int, int]) -> Reply:
    """Return what an expression of a record means, in the form of a reply."""
    phrases = expr['phrases'] or ()
    if phrases:
        return Reply(expr['text'], [
            _targets(' '.join(expr['text'][begin:end] for begin, end in phrase['span']),
                     phrase['targets'], instances, size) for phrase in phrases],
            [tuple(phrase['span'][0]) for phrase in phrases])
    return Reply(expr['text'],
                 [_targets(expr['text'], expr['targets'], instances, size)])


def _targets(text: str, targets: list[int], instances: list[dict],
             size: tuple[int, int]) -> dict:
    """Return the targets of an expression or phrase in the form of an answer."""
    found = []
    for index in targets:
        mask = instances[index]['mask']
        found.append(dict(
            bbox=instances[index]['bbox'], score=None,
            mask=mask and encode_rle(decode_segmentation(mask, *size))))
    return dict(text=text, no_target=not found, targets=found)


class CardBrowser:
    """The answers of a result card, by what they were.

    Args:
        path: of the card.
        root: folder of the data; None: the one that the card names.

    Raises:
        CardError: the card or its data cannot be read.
    """

    def __init__(self, path: Union[str, Path], root: Optional[Path] = None) -> None:
        card = read_card(Path(path))
        self.root = data_root(card, root)
        score, cases = analyze(card, read_rows(Path(path)), self.root)
        self.cases: dict[str, list[Case]] = {}
        for kind in KINDS:  # the most confident first
            found = [case for case in cases if case.error == kind]
            self.cases[kind] = sorted(
                found, key=lambda case: -max(case.row['scores'], default=0))
        self.title = (f'Result card {card.name}: {score} '
                      f'{card.header["scores"][score]:.2f}')
        self.groups = {kind: len(found) for kind, found in self.cases.items() if found}

    def show(self, group: str, index: int) -> View:
        """Return an answer: the target in blue, what was answered in orange."""
        case = self.cases[group][index]
        row = case.row
        html = verdict_html(row['text'], facts_of(case), f'{group}: {KINDS[group]}',
                            [('target', TARGET_COLOR), ('answer', ANSWER_COLOR)])
        path = find_image(row['img_path'], self.root)
        if path is None:
            return View(None, html)
        try:
            image = read_image(path)
        except BrokenImageError:
            return View(None, html)
        mask = row['mask'] and decode_segmentation(dict(rle=row['mask']),
                                                   *image.shape[:2])
        return View(draw_layers(image, [
            Layer('target', TARGET_COLOR, np.reshape(row['targets'], (-1, 4))),
            Layer('answer', ANSWER_COLOR, np.reshape(row['bboxes'], (-1, 4)), mask),
        ]), html)


def facts_of(case: Case) -> list[str]:
    """Return what the words beside a picture say of an answer."""
    row = case.row
    facts = [f'score {score:.2f}' for score in row['scores']] or [NOT_IN_IMAGE]
    if len(row['targets']) != 1:
        facts.append(f'{len(row["targets"])} targets' if row['targets']
                     else 'nothing is meant')
    elif row['bboxes']:
        best = row['bboxes'][int(np.argmax(row['scores']))]
        facts.append(f'IoU {overlaps(best, row["targets"])[0]:.2f}')
    return facts


def find_image(name: str, root: Path) -> Optional[Path]:
    """Return the image that a card names, if it lies below the folder of the data."""
    paths = (Path(name), root / name, root / 'images' / name)
    return next((path for path in paths if path.is_file()
                 and path.resolve().is_relative_to(root.resolve())), None)
