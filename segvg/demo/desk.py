"""What the buttons of the page do: they make files and words for it to show."""
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Sequence

import numpy as np

from segvg.demo.answers import Model, Reply, draw_replies, to_json
from segvg.demo.browse import Browser
from segvg.demo.html import comparison_html, error_html, replies_html
from segvg.demo.limits import read_photograph, read_questions
from segvg.structures.boxes import paired_iou
from segvg.utils.errors import InputError
from segvg.visualization.drawing import save_picture

#: Seconds for which the files of an answer are kept.
KEPT = 3600.0
PICTURE, ANSWERS = 'answers.jpg', 'answers.json'


class Shown(NamedTuple):
    """What one request shows; None is nothing.

    Attributes:
        html: words, with every text from outside escaped.
        pictures: paths of the pictures.
        json: path of the answers as JSON.
    """
    html: str
    pictures: Sequence[Optional[str]] = (None, )
    json: Optional[str] = None


class Desk:
    """Answers requests of visitors.

    Args:
        models: one, or two that can be compared.
        folder: private folder of the server; what is sent and shown lies below it.
        browser: what the third tab shows.
    """

    def __init__(self, models: Sequence[Model], folder: Path,
                 browser: Optional[Browser] = None) -> None:
        self.models = list(models)
        self.folder = Path(folder)
        self.browser = browser

    def ask(self, photograph: Optional[str], typed: Optional[str]) -> Shown:
        """Ask the first model about a photograph.

        Args:
            photograph: path of what was sent.
            typed: sentences, one a line.
        """
        return self._answered(lambda: self._ask(photograph, typed))

    def compare(self, photograph: Optional[str], typed: Optional[str]) -> Shown:
        """Ask both models about a photograph."""
        return self._answered(lambda: self._compare(photograph, typed), pictures=2)

    def browse(self, group: Optional[str], number: Optional[float]) -> Shown:
        """Show a picture of the third tab.

        Args:
            group: of the browser.
            number: of the picture in its group, from 1.
        """
        return self._answered(lambda: self._browse(group, number))

    def _answered(self, work: Callable[[], Shown], pictures: int = 1) -> Shown:
        """Return what a request shows, or a message if it cannot be answered."""
        try:
            return work()
        except InputError as error:
            return Shown(error_html(str(error)), (None, ) * pictures)

    def _ask(self, photograph: Optional[str], typed: Optional[str]) -> Shown:
        """Return the answers of the first model."""
        questions = read_questions(typed)
        image = read_photograph(photograph, self.folder)
        model = self.models[0]
        start = time.perf_counter()
        replies = model.ask(image, questions)
        seconds = time.perf_counter() - start
        content = to_json(replies, image, model.name, photograph)
        folder = self._new_folder()
        return Shown(replies_html(replies, time_note(image, len(questions), seconds)),
                     [self._draw(folder / PICTURE, image, replies)],
                     self._write(folder / ANSWERS, content))

    def _compare(self, photograph: Optional[str], typed: Optional[str]) -> Shown:
        """Return the answers of both models."""
        if len(self.models) < 2:
            raise InputError('The page was started with one model; --second-model or '
                             '--second-checkpoint names the one to compare it with.')
        questions = read_questions(typed)
        image = read_photograph(photograph, self.folder)
        replies = [model.ask(image, questions) for model in self.models]
        folder = self._new_folder()
        content = [to_json(part, image, model.name, photograph)
                   for model, part in zip(self.models, replies)]
        return Shown(
            comparison_html([model.name for model in self.models], replies,
                            best_overlaps(*replies)),
            [self._draw(folder / f'model_{index + 1}.jpg', image, part)
             for index, part in enumerate(replies)],
            self._write(folder / ANSWERS, content))

    def _browse(self, group: Optional[str], number: Optional[float]) -> Shown:
        """Return a picture of the browser."""
        groups = self.browser.groups if self.browser else {}
        if group not in groups:
            raise InputError('There is nothing to show here.')
        if number is None or not 1 <= number <= groups[group]:
            raise InputError(f'Type a number from 1 to {groups[group]}.')
        view = self.browser.show(group, int(number) - 1)
        path = None
        if view.picture is not None:
            path = str(self._new_folder() / 'picture.jpg')
            save_picture(path, view.picture)
        return Shown(view.html, [path])

    def _draw(self, path: Path, image: np.ndarray, replies: Sequence[Reply]) -> str:
        """Write the picture of replies and return its path."""
        save_picture(path, draw_replies(image, replies))
        return str(path)

    def _write(self, path: Path, content: object) -> str:
        """Write a JSON file and return its path."""
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + '\n',
                        encoding='utf-8')
        return str(path)

    def _new_folder(self) -> Path:
        """Return a new folder for files to show; old ones are removed."""
        top = self.folder / 'shown'
        top.mkdir(parents=True, exist_ok=True)
        for path in top.iterdir():
            try:
                if time.time() - path.stat().st_mtime > KEPT:
                    shutil.rmtree(path)
            except FileNotFoundError:  # another request was faster
                continue
        return Path(tempfile.mkdtemp(dir=top))


def time_note(image: np.ndarray, count: int, seconds: float) -> str:
    """Return the line below the answers."""
    sentences = '1 sentence' if count == 1 else f'{count} sentences'
    return (f'{sentences} about {image.shape[1]} x {image.shape[0]} pixels in '
            f'{seconds:.1f} s')


def best_overlaps(first: Sequence[Reply],
                  second: Sequence[Reply]) -> list[Optional[float]]:
    """Return the IoU of the best boxes of two models; None where one has none."""
    import torch
    overlaps: list[Optional[float]] = []
    for mine, other in zip(first, second):
        for one, two in zip(mine.answers, other.answers):
            if one['bbox'] is None or two['bbox'] is None:
                overlaps.append(None)
                continue
            boxes = torch.tensor([[one['bbox']], [two['bbox']]], dtype=torch.float64)
            overlaps.append(float(paired_iou(*boxes)))
    return overlaps
