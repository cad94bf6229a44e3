"""Turn the name of a published model into a converted checkpoint."""
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Optional
from urllib.parse import unquote, urlsplit

from segvg.hub.fetch import LARGEST, fetch, reason_of
from segvg.hub.metafiles import PublishedModel, config_path, find_model
from segvg.utils.errors import InputError
from segvg.utils.files import write_whole
from segvg.utils.folder_lock import lock_folder

if TYPE_CHECKING:
    from mmengine.config import Config
    from torch import Tensor

#: Environment variable for the folder of models, and its default.
HOME = 'SEGVG_HOME'
CACHE = '~/.cache/segvg'
CHECKPOINTS = ('.pth', '.safetensors')
SOURCE = 'source'  # folder of the published file before it is converted
WEIGHTS = 'model.safetensors'  # of a folder that ``HubModel`` wrote
#: Tables whose number of rows differs between the published files of a method.
POSITIONS = 'fusion.position.weight'
WORDS = 'language_encoder.words.weight'
HUB_ID = re.compile(r'[\w.-]+/[\w.-]+')


def model_home() -> Path:
    """Return the folder for models: ``models`` in SEGVG_HOME or in the user's cache."""
    return Path(os.environ.get(HOME) or CACHE).expanduser() / 'models'


def installed_path(model: PublishedModel, home: Optional[Path] = None) -> Path:
    """Return the path of the converted weights of a model."""
    return (home or model_home()) / model.name / f'{model.name}.safetensors'


def resolve(name: str) -> Path:
    """Return the checkpoint of a model, with its config; fetch it on first use.

    Args:
        name: name of a published model (``segvg download --list``), folder written by
            ``HubModel.save_pretrained``, ``owner/name`` of such a folder on the
            Hugging Face hub, or path of a checkpoint.

    Raises:
        InputError: the name is unknown, or the model cannot be fetched or
            converted.
    """
    name = str(name)
    if Path(name).is_file() or Path(name).suffix in CHECKPOINTS:
        return Path(name)
    if (Path(name) / WEIGHTS).is_file():
        return Path(name) / WEIGHTS
    if HUB_ID.fullmatch(name):  # the names of published models have no slash
        from segvg.hub.hub_model import HubModel
        try:
            return HubModel.from_pretrained(name).checkpoint
        except Exception as error:  # the client of the hub raises many classes
            raise InputError(f'{name} is neither a published model nor one on the '
                             f'Hugging Face hub ({reason_of(error)})') from None
    return install(find_model(name))


def install(model: PublishedModel, home: Optional[Path] = None, *,
            limit: int = LARGEST, keep_source: bool = False) -> Path:
    """Fetch a model, convert it and write its config beside it, unless it is installed.

    Args:
        model: the model to fetch.
        home: folder of all models, default ``model_home()``.
        limit: bytes; a larger file is refused.
        keep_source: whether to keep the published file. A file that was there before
            the call is always kept.

    Returns:
        The checkpoint, ``NAME.safetensors``. ``NAME.py`` beside it is its config.

    Raises:
        InputError: a file cannot be fetched, has the wrong size or SHA-256, or has a
            key that the conversion rules do not know.
    """
    weights = installed_path(model, home)
    if weights.is_file():
        return weights
    from segvg.checkpoints.convert import convert_file
    folder = weights.parent
    with lock_folder(folder):
        source = folder / SOURCE / model.file_name
        given = source.is_file()
        _fetch_files(model, folder, source, limit)
        state, _ = convert_file(source, model.rule, average=model.average)
        _write(model, state, weights)
        if not given and not keep_source:
            shutil.rmtree(source.parent)
    return weights


def _fetch_files(model: PublishedModel, folder: Path, source: Path, limit: int) -> None:
    """Fetch tokenizer and weights; one error lists all files that failed."""
    from segvg.hub.portable import TOKENIZER
    missing = []
    for address in model.tokenizer:
        name = Path(unquote(urlsplit(address).path)).name
        try:
            fetch(address, folder / TOKENIZER / name, limit=limit)
        except InputError as error:
            missing.append(str(error))
    try:
        fetch(model.weights, source, file=model.file, size=model.size,
              sha256=model.sha256, limit=limit)
    except InputError as error:
        missing.append(str(error))
    if missing:
        raise InputError('; '.join(missing))


def published_config(model: PublishedModel, state: dict[str, 'Tensor']) -> 'Config':
    """Return the config of a model with sizes taken from its weights.

    Text lengths and vocabularies differ between the published files of a method.

    Raises:
        InputError: the weights lack the table that has these sizes.
    """
    from segvg.utils.configs import load
    tables = dict(segvg=POSITIONS, transvg=POSITIONS, seqtr=WORDS, partial_res=WORDS)
    path, name = config_path(model), tables.get(model.rule)
    if name is None:
        return load(path)
    if name not in state:
        raise InputError(f'the file of {model.name} has no {name}')
    if name == WORDS:
        return load(path, {'model.language_encoder.vocab_size': len(state[name])})
    others = load(path).model.fusion.num_image_tokens + len(
        state.get('fusion.learned_tokens.weight', ()))
    return load(path, dict(max_tokens=len(state[name]) - others))


def _write(model: PublishedModel, state: dict[str, 'Tensor'], weights: Path) -> None:
    """Write config and weights; the weights last: a model that has them is complete."""
    from segvg.checkpoints.io import save_weights
    from segvg.hub.portable import use_tokenizer
    from segvg.utils.fast_config_dump import plain_text
    cfg = published_config(model, state)
    if model.tokenizer or model.words:
        use_tokenizer(cfg, weights.parent)
    text = plain_text(cfg)
    write_whole(weights.with_suffix('.py'), text)
    save_weights(weights, state, dict(
        cfg=text, name=model.name, method=model.rule, source=model.weights,
        license=model.license, paper=model.paper, code=model.code))
