"""Make a config refer to files in its own folder, so that the folder can be moved."""
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
                   'tokenizer_config.json', 'special_tokens_map.json', 'beit3.spm',
                   'sentencepiece.bpe.model', 'spiece.model')


def use_tokenizer(cfg: Config, folder: Path) -> None:
    """Make a config read its tokenizer from the folder ``tokenizer`` beside it.

    Args:
        cfg: changed in place.
        folder: of the config. If its ``tokenizer`` has one file, that is the
            vocabulary; if it has several, the vocabulary is the folder. If it has
            none, the config expects a file there with the name of its vocabulary.
    """
    location, tokenizer = f'{HERE}/{TOKENIZER}', folder / TOKENIZER
    # hidden ones are left by downloads that were not finished
    files = [path.name for path in tokenizer.glob('*') if path.name[0] != '.']
    for part in find_dicts(cfg._cfg_dict, 'vocab'):
        if len(files) > 1:
            part['vocab'] = location
        elif isinstance(part['vocab'], str):
            name = files[0] if files else Path(part['vocab']).name
            part['vocab'] = f'{location}/{name}'


def take_tokenizers(cfg: Config, folder: Path) -> None:
    """Copy the vocabularies of a config into its folder and refer to the copies.

    The name of a vocabulary of the package or of a model on the hub stays as it is.

    Args:
        cfg: changed in place.
        folder: of the config; the copies are in its ``tokenizer``.

    Raises:
        InputError: a vocabulary does not exist or has no known file, or two
            vocabularies have a file of the same name.
    """
    copies: dict[str, str] = {}
    for part in find_dicts(cfg._cfg_dict, 'vocab'):
        vocab = part['vocab']
        if isinstance(vocab, str) and vocab not in VOCABULARIES:
            if vocab not in copies:
                copies[vocab] = _take(Path(vocab), folder / TOKENIZER)
            part['vocab'] = copies[vocab]


def _take(source: Path, folder: Path) -> str:
    """Copy a vocabulary, a file or a folder; return its path in the config."""
    if source.is_file():
        files, name = [source], f'{HERE}/{TOKENIZER}/{source.name}'
    elif source.is_dir():
        files = [source / name for name in TOKENIZER_FILES if (source / name).is_file()]
        name = f'{HERE}/{TOKENIZER}'
        if not files:
            raise InputError(f'vocabulary {source} has none of '
                             f'{", ".join(TOKENIZER_FILES)}')
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
