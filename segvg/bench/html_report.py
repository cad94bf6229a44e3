"""The error analysis as one HTML page that needs no other file."""
import base64
import html
import io
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
from PIL import Image

from segvg.bench.card import Card
from segvg.bench.errors import KINDS, RIGHT, Case
from segvg.structures.images import read_image
from segvg.structures.masks import decode_segmentation
from segvg.utils.files import write_whole
from segvg.visualization.drawing import Layer, draw_picture

TARGET, ANSWER = (64, 196, 255), (255, 96, 160)
STYLE = '''
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em;
       padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; margin: .5em 0; }
td, th { padding: .2em .7em; text-align: right; border-bottom: 1px solid #ddd;
         font-variant-numeric: tabular-nums; }
td:first-child, th:first-child { text-align: left; }
.bar { display: inline-block; height: .7em; background: #3a76c4; }
.pictures { display: flex; flex-wrap: wrap; gap: .8em; }
.pictures img { border: 1px solid #ccc; max-width: 17em; }
small { color: #666; }
'''


def picture(row: dict, root: Path) -> Optional[bytes]:
    """Return the JPEG of an answer, target in blue; None if there is no image.

    Args:
        row: of a card.
        root: folder of the data, below which the image must be.
    """
    paths = [Path(row['img_path']), root / row['img_path'],
             root / 'images' / row['img_path']]
    path = next((path for path in paths if path.is_file()
                 and path.resolve().is_relative_to(root.resolve())), None)
    if path is None:
        return None
    image = read_image(path)
    mask = row['mask'] and decode_segmentation(dict(rle=row['mask']), *image.shape[:2])
    layers = [Layer('target', TARGET, np.array(row['targets'], float).reshape(-1, 4)),
              Layer('answer', ANSWER, np.array(row['bboxes'], float).reshape(-1, 4),
                    mask)]
    stream = io.BytesIO()
    Image.fromarray(draw_picture(image, row['text'], layers)).save(
        stream, 'JPEG', quality=85)
    return stream.getvalue()


def failures(cases: Sequence[Case], kind: str, count: int) -> list[Case]:
    """Return failures of a kind, the most confident first, one per image."""
    found: dict[str, Case] = {}
    for case in sorted((case for case in cases if case.error == kind),
                       key=lambda case: -max(case.row['scores'], default=0)):
        found.setdefault(str(case.row['img_id']), case)
    return list(found.values())[:count]


def write_page(path: Path, card: Card, score: str, cases: Sequence[Case],
               tables: dict, *, root: Path, pictures: int = 6) -> None:
    """Write the page.

    Args:
        path: of the HTML file.
        card: the card that is analyzed.
        score: the headline.
        cases: its answers.
        tables: of ``report``.
        root: folder of the data.
        pictures: how many of every kind of error.
    """
    data = card.header['data']
    low, high = card.header['intervals'].get(score, (None, None))
    interval = '' if low is None else f' [{low:.1f}, {high:.1f}]'
    parts = [
        f'<h1>{html.escape(card.name)}</h1>',
        f'<p>{html.escape(", ".join(data["splits"]))}: '
        f'{html.escape(str(data["expressions"]))} expressions, '
        f'{html.escape(str(data["images"]))} images. <b>{html.escape(score)} '
        f'{card.header["scores"][score]:.2f}{interval}</b></p>',
        '<h2>What was answered</h2>', _errors_table(tables['all'])]
    for name, lines in tables['groups'].items():
        parts += [f'<h2>By {html.escape(name)}</h2>', _group_table(lines, score)]
    for kind, words in KINDS.items():
        if kind != RIGHT:
            parts += _pictures(kind, words, failures(cases, kind, pictures), root)
    body = '\n'.join(parts)
    write_whole(
        path, '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<title>{html.escape(card.name)}</title><style>{STYLE}</style></head>'
        f'<body>{body}</body></html>\n')


def _errors_table(whole: dict) -> str:
    """Return the table of all kinds of answers."""
    rows = [f'<tr><td>{kind}</td><td style="text-align:left"><small>{words}</small>'
            f'</td><td>{whole["errors"][kind]:.1f} %</td><td style="text-align:left">'
            f'<span class="bar" style="width:{2 * whole["errors"][kind]:.0f}px"></span>'
            '</td></tr>' for kind, words in KINDS.items()]
    return f'<table>{"".join(rows)}</table>'


def _group_table(lines: Sequence[dict], score: str) -> str:
    """Return the table of one group; kinds of errors that nobody made are left out."""
    kinds = [kind for kind in KINDS if any(line['errors'][kind] for line in lines)]
    heads = ['', 'count', html.escape(score), *kinds]
    rows = []
    for line in lines:
        value = '-' if line['score'] is None else f'{line["score"]:.1f}'
        shares = [f'{line["errors"][kind]:.1f}' for kind in kinds]
        cells = [html.escape(line['name']), str(line['count']), value, *shares]
        rows.append(''.join(f'<td>{cell}</td>' for cell in cells))
    head = ''.join(f'<th>{name}</th>' for name in heads)
    return f'<table><tr>{head}</tr><tr>{"</tr><tr>".join(rows)}</tr></table>'


def _pictures(kind: str, words: str, cases: Sequence[Case], root: Path) -> list[str]:
    """Return the pictures of a kind of error."""
    drawn = [picture(case.row, root) for case in cases]
    images = [f'<img src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" '
              f'alt="{html.escape(case.row["text"])}">'
              for case, jpeg in zip(cases, drawn) if jpeg]
    if not images:
        return []
    return [f'<h2>{kind} <small>{words}</small></h2>',
            f'<div class="pictures">{"".join(images)}</div>']
