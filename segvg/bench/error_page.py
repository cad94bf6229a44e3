"""The error analysis of a result card as one HTML page."""
from pathlib import Path
from typing import Optional, Sequence

import numpy as np

from segvg.bench.card import Card, image_of
from segvg.bench.card_page import card_section
from segvg.bench.errors import KINDS, RIGHT, Case
from segvg.bench.statistics import LEAST_IMAGES, Interval
from segvg.structures.images import read_image
from segvg.structures.masks import decode_segmentation
from segvg.visualization.colors import PREDICTION_COLOR, TARGET_COLOR
from segvg.visualization.drawing import Drawing, Layer
from segvg.visualization.pages import figure_of, render_page
from segvg.visualization.plots import Mark, Plot, plot_of

NOTE = ('Pictures show at most {most} of the most confident answers of each kind of '
        'error; click one to enlarge it, the arrow keys show its neighbors. Intervals '
        f'(95 %) come from drawing images again; below {LEAST_IMAGES} images there is '
        'none.')


def drawing_of(case: Case, root: Path) -> Optional[Drawing]:
    """Return the drawing of an answer, None if its image file does not exist.

    Args:
        case: the answer.
        root: folder of the data, below which the image must be.
    """
    row = case.row
    paths = [Path(row['img_path']), root / row['img_path'],
             root / 'images' / row['img_path']]
    path = next((path for path in paths if path.is_file()
                 and path.resolve().is_relative_to(root.resolve())), None)
    if path is None:
        return None
    image = read_image(path)
    mask = row['mask'] and decode_segmentation(dict(rle=row['mask']), *image.shape[:2])
    layers = [Layer(label, color, np.array(boxes, float).reshape(-1, 4), area)
              for label, color, boxes, area in (
                  ('target', TARGET_COLOR, row['targets'], None),
                  ('prediction', PREDICTION_COLOR, row['bboxes'], mask))
              if boxes or area is not None]
    return Drawing(image, row['text'], layers, notes_of(case))


def notes_of(case: Case) -> list[str]:
    """Return the facts below a picture: IoU, score and what is not drawn."""
    row, verdict = case.row, case.verdict
    notes = [] if verdict.iou is None else [f'IoU {verdict.iou:.2f} with the target']
    if row['scores']:
        notes.append('score ' + ', '.join(
            f'{score:.2f}' for score in sorted(row['scores'], reverse=True)))
    else:
        notes.append('no answer')
    if not row['targets']:
        notes.append('no target')
    if verdict.other:
        notes.append(f'found: {verdict.other}')
    return notes


def failures(cases: Sequence[Case], kind: str, count: int) -> list[Case]:
    """Return failures of a kind, the most confident first, one per image."""
    found: dict[str, Case] = {}
    for case in sorted((case for case in cases if case.error == kind),
                       key=lambda case: -case.confidence):
        found.setdefault(image_of(case.row), case)
    return list(found.values())[:count]


def error_page(card: Card, score: str, cases: Sequence[Case], tables: dict, *,
               root: Path, pictures: int = 6) -> str:
    """Return the page.

    Args:
        card: the card that is analyzed.
        score: the headline.
        cases: its answers.
        tables: of ``report``.
        root: folder of the data.
        pictures: how many of every kind of error.
    """
    whole = tables['all']
    return render_page(
        'errors.html', title=f'Where {card.name} fails', score=score,
        summary=card.data, headline=_mark(dict(whole, name=score)),
        note=NOTE.format(most=pictures),
        errors=[dict(kind=kind, meaning=words, share=whole['errors'][kind])
                for kind, words in KINDS.items()],
        details=', '.join(f'{share:.1f} % {name}' for name, share in
                          tables['wrong_instances'].items()),
        groups=[dict(plot=_plot(name, lines, score), **_errors_of(lines))
                for name, lines in tables['groups'].items()],
        sections=_sections(cases, root, pictures), cards=[card_section(card)])


def _mark(line: dict) -> Mark:
    """Return a line of a table as a mark of a plot."""
    if line['score'] is None:
        return Mark(line['name'], None, words='-', more=(str(line['count']), ))
    found = Interval(line['score'], line['low'], line['high'], line['images'])
    return Mark(line['name'], found.score, found.low, found.high,
                words=f'{found.score:.1f} {found.ends}', more=(str(line['count']), ))


def _plot(name: str, lines: Sequence[dict], score: str) -> Plot:
    """Return the plot of one group."""
    return plot_of(name, [_mark(line) for line in lines], ('', score, 'expressions'),
                   whole=True)


def _errors_of(lines: Sequence[dict]) -> dict:
    """Return the table of the errors of a group, without those that nobody made."""
    kinds = [kind for kind in KINDS if kind != RIGHT
             and any(line['errors'][kind] for line in lines)]
    return dict(heads=kinds, rows=[
        [line['name'], *(f'{line["errors"][kind]:.1f}' for kind in kinds)]
        for line in lines])


def _sections(cases: Sequence[Case], root: Path, pictures: int) -> list[dict]:
    """Return the kinds of errors that can be shown, with their pictures."""
    sections = []
    for kind, words in KINDS.items():
        count = sum(case.error == kind for case in cases)
        if kind == RIGHT or not count:
            continue
        drawings = [drawing_of(case, root)
                    for case in failures(cases, kind, pictures)]
        shown = [figure_of(drawing) for drawing in drawings if drawing]
        if shown:
            sections.append(dict(kind=kind, anchor=kind.replace(' ', '-'),
                                 meaning=words, count=count, figures=shown))
    return sections
