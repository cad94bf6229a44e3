"""What the command line names, ready for the page: models, data, examples."""
from pathlib import Path
from typing import Optional

from segvg.apis import GroundingInferencer
from segvg.demo.answers import Model
from segvg.demo.browse import Browser, CardBrowser, DataBrowser
from segvg.demo.limits import MAX_CHARACTERS, MAX_UPLOAD
from segvg.structures.images import BrokenImageError, read_header
from segvg.utils.errors import InputError
from segvg.utils.spread import spread

ENDINGS = ('.jpg', '.jpeg', '.png', '.webp')  # that browsers show
MAX_EXAMPLES = 6
SENTENCES_OF_EXAMPLE = 3


def make_model(model: Optional[str], checkpoint: Optional[str],
               device: Optional[str]) -> Model:
    """Return a model for the page.

    Args:
        model: config, or without a checkpoint the name of a published model, which is
            fetched on first use; None: the config in the checkpoint.
        checkpoint: path of its weights.
        device: where to run; None: a GPU if there is one.

    Raises:
        OSError: config or weights do not exist.
        ValueError: the name of the model is unknown, or its files cannot be read.
    """
    ground = GroundingInferencer(model, checkpoint, device)
    if checkpoint is None:
        return Model(str(model), ground)
    path = Path(checkpoint)
    name = Path(model).stem if model else path.resolve().parent.name
    return Model(f'{name}, {path.name}', ground)


def make_browser(data: Optional[str], images: str, card: Optional[str],
                 data_root: Optional[str], *,
                 apply_orientation: bool = False) -> Optional[Browser]:
    """Return what the third tab shows, or None.

    Args:
        data: annotation file.
        images: folder of its images.
        card: result card, instead of data.
        data_root: folder of the data of the card.
        apply_orientation: whether to turn the images of the data (EXIF).
    """
    if data:
        if not Path(data).is_file():
            raise FileNotFoundError(f'annotation file {data} does not exist')
        return DataBrowser(data, images, apply_orientation=apply_orientation)
    if card:
        return CardBrowser(card, Path(data_root) if data_root else None)
    return None


def pick_examples(folder: Optional[str],
                  browser: Optional[Browser]) -> list[tuple[str, str]]:
    """Return a few photographs to pick, each with sentences, one a line.

    Args:
        folder: of photographs; None: those of the data that is browsed.
        browser: what the third tab shows.

    Raises:
        InputError: the folder has no photograph.
    """
    if folder:
        paths = [path for path in sorted(Path(folder).iterdir())
                 if path.suffix.lower() in ENDINGS and is_readable(path)]
        if not paths:
            raise InputError(f'{folder} has no photograph ({", ".join(ENDINGS)})')
        return [(str(path), '') for path in spread(paths, MAX_EXAMPLES)]
    if not isinstance(browser, DataBrowser):
        return []
    found = []
    for index in spread(range(len(browser.dataset)), MAX_EXAMPLES):
        path, texts = browser.example(index)
        texts = [text for text in texts if len(text) <= MAX_CHARACTERS]
        if is_readable(Path(path)) and Path(path).suffix.lower() in ENDINGS:
            found.append((path, '\n'.join(texts[:SENTENCES_OF_EXAMPLE])))
    return found


def is_readable(path: Path) -> bool:
    """Return whether a file is an image of a size that may be sent."""
    try:
        read_header(path)
    except BrokenImageError:
        return False
    return path.stat().st_size <= MAX_UPLOAD
