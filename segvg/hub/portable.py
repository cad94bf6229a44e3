"""Configs that name the files beside them, so that a folder with both can be moved."""
import shutil
from pathlib import Path

from mmengine.config import Config

from segvg.checkpoints.stored_config import HERE
from segvg.utils.configs import find_dicts
from segvg.utils.errors import InputError
from segvg.utils.hub_files import is_hub_name
from segvg.utils.layout import VOCABULARIES

TOKENIZER = 'tokenizer'  # folder for the files of a tokenizer
TOKENIZER_FILES = ('vocab.txt', 'vocab.json', 'merges.txt', 'tokenizer.json',
                   'tokenizer_config.json', 'special_tokens_map.json')


def use_tokenizer(cfg: Config, folder: Path) -> None:
    """Make a config read its tokenizer from the folder ``tokenizer`` beside it.

    Args:
        cfg: changed in place.
        folder: of the config. One file in its ``tokenizer`` is the vocabulary itself,
            several are read by their names. Without files the vocabulary is expected
            there, by the name that the config has for it.
    """
    place, tokenizer = f'{HERE}/{TOKENIZER}', folder / TOKENIZER
    files = [path.name for path in tokenizer.iterdir()] if tokenizer.is_dir() else []
    for part in find_dicts(cfg._cfg_dict, 'vocab'):
        if len(files) > 1:
            part['vocab'] = place
        elif isinstance(part['vocab'], str):
            name = files[0] if files else Path(part['vocab']).name
            part['vocab'] = f'{place}/{name}'


def take_tokenizers(cfg: Config, folder: Path) -> None:
    """Copy the vocabularies that a config names beside it, and name the copies.

    A vocabulary of the package, and the name of a model on the hub, stay as they are.

    Args:
        cfg: changed in place.
        folder: gets ``tokenizer``.

    Raises:
        InputError: a vocabulary does not exist, or two have one name.
    """
    copies: dict[str, str] = {}
    for part in find_dicts(cfg._cfg_dict, 'vocab'):
        vocab = part['vocab']
        if isinstance(vocab, str) and vocab not in VOCABULARIES:
            if vocab not in copies:
                copies[vocab] = _take(Path(vocab), folder / TOKENIZER)
            part['vocab'] = copies[vocab]


def _take(source: Path, folder: Path) -> str:
    """Copy a vocabulary, a file or a folder; returns its name in the config."""
    if source.is_file():
        files, name = [source], f'{HERE}/{TOKENIZER}/{source.name}'
    elif source.is_dir():
        files = [source / name for name in TOKENIZER_FILES if (source / name).is_file()]
        name = f'{HERE}/{TOKENIZER}'
    elif is_hub_name(str(source)):
        return str(source)
    else:
        raise InputError(f'vocabulary {source} does not exist')
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        if (folder / path.name).exists():
            raise InputError(f'two vocabularies have a file {path.name}: {source} and '
                             'another')
        shutil.copyfile(path, folder / path.name)
    return name
