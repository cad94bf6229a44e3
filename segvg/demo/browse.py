"""Pages through a data set, or through a result card with its errors."""
from pathlib import Path
from typing import NamedTuple, Optional, Protocol, Union

import numpy as np

from segvg.annotations.canonical import CanonicalFile
from segvg.apis.answers import Answer
from segvg.bench.card import read_card, read_rows
from segvg.bench.error_page import drawing_of, notes_of
from segvg.bench.errors import KINDS, RIGHT, Case, analyze, data_root
from segvg.datasets import GroundingDataset
from segvg.demo.answers import LONGEST_SIDE, Reply, draw_replies
from segvg.demo.html import replies_html, verdict_html
from segvg.structures.images import BrokenImageError
from segvg.structures.masks import decode_segmentation, encode_rle
from segvg.structures.phrases import phrase_text
from segvg.visualization.colors import PREDICTION_COLOR, TARGET_COLOR
from segvg.visualization.drawing import draw_panels
from segvg.visualization.records import compose_record


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
        # A file of captions has no sentences that are samples by themselves.
        by_image = CanonicalFile(str(ann_file)).counts[:, 0].any()
        self.dataset = GroundingDataset(
            ann_file=str(ann_file), data_prefix=dict(img=str(images)),
            sample_by='image' if by_image else 'caption')
        self.apply_orientation = apply_orientation
        self.title = f'Data set {Path(ann_file).name}'
        self.groups = {'all images' if by_image else 'all captions': len(self.dataset)}

    def show(self, group: str, index: int) -> View:
        """Return an image with its targets, numbered by sentence or phrase."""
        record = self.dataset.get_data_info(index)
        size = (record['height'], record['width'])
        note = (f'{Path(record["img_path"]).name}: {size[1]} x {size[0]} pixels, '
                f'{record["dataset"]} {record["split"]}')
        replies: list[Reply] = []
        try:
            replies = [_annotated(expr, record['instances'], size)
                       for expr in record['expressions']]
            first = next(compose_record(
                record, apply_orientation=self.apply_orientation), None)
        except ValueError as error:  # image or mask cannot be read
            told = str(error).replace(record['img_path'], note)
            return View(None, replies_html(replies, told))
        picture = None if first is None else draw_replies(first.image, replies)
        return View(picture, replies_html(replies, note))

    def example(self, index: int) -> tuple[str, list[str]]:
        """Return the path of an image and its sentences."""
        record = self.dataset.get_data_info(index)
        return record['img_path'], [expr['text'] for expr in record['expressions']]


def _annotated(expr: dict, instances: list[dict], size: tuple[int, int]) -> Reply:
    """Return the targets of an expression of a record as a reply."""
    phrases = expr['phrases'] or ()
    if phrases:
        return Reply(expr['text'], [
            _targets(phrase_text(expr['text'], phrase), phrase['targets'], instances,
                     size) for phrase in phrases],
            [tuple(phrase['span'][0]) for phrase in phrases])
    return Reply(expr['text'],
                 [_targets(expr['text'], expr['targets'], instances, size)])


def _targets(text: str, targets: list[int], instances: list[dict],
             size: tuple[int, int]) -> Answer:
    """Return the targets of an expression or phrase in the form of an answer."""
    found = []
    for index in targets:
        mask = instances[index]['mask']
        found.append(dict(
            bbox=instances[index]['bbox'], score=None,
            mask=mask and encode_rle(decode_segmentation(mask, *size))))
    return Answer(text=text, no_target=not found, targets=found)


class CardBrowser:
    """The answers of a result card, grouped by the kind of error.

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
        # Errors before right answers, and in each kind the most confident first.
        for kind in sorted(KINDS, key=lambda kind: kind == RIGHT):
            found = [case for case in cases if case.error == kind]
            self.cases[kind] = sorted(found, key=lambda case: -case.confidence)
        self.title = (f'Result card {card.name}: {score} '
                      f'{card.header["scores"][score]:.2f}')
        self.groups = {kind: len(found) for kind, found in self.cases.items() if found}

    def show(self, group: str, index: int) -> View:
        """Return an answer: the target in blue, what was predicted in orange."""
        case = self.cases[group][index]
        html = verdict_html(
            case.row['text'], notes_of(case), f'{group}: {KINDS[group]}',
            [('target', TARGET_COLOR), ('prediction', PREDICTION_COLOR)])
        try:
            drawing = drawing_of(case, self.root)
        except BrokenImageError:
            drawing = None
        return View(drawing and draw_panels(drawing.image, drawing.layers,
                                            longest_side=LONGEST_SIDE), html)
