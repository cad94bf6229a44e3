"""Files of a published model: in a folder, in the cache of the hub, or on the hub."""
import json
import re
from pathlib import Path
from typing import Any, Sequence

from segvg.utils.errors import InputError

#: Bytes; a description of a model is far smaller.
LARGEST_JSON = 10_000_000
INDEX = 'model.safetensors.index.json'
SHARD = re.compile(r'[\w.-]+\.safetensors')
REMEDY = ('Download the model (config.json, *.safetensors, the files of the tokenizer '
          'and preprocessor_config.json) where there is a network, and name that '
          'folder instead')


def is_hub_name(name: str) -> bool:
    """Return whether a name can be that of a model on a hub (``bert-base-uncased``).

    The suffix of a file begins with a letter, that of a version (``bge-v1.5``) does
    not.
    """
    return not Path(name).is_absolute() and not name.startswith('.') and len(
        Path(name).parts) <= 2 and not Path(name).suffix[1:2].isalpha()


def find_model_file(name: str, files: Sequence[str], what: str, remedy: str) -> Path:
    """Return the first of ``files`` that a folder, or a model on the hub, has.

    Args:
        name: folder, or name of a model on the Hugging Face hub.
        files: names of files in it; the first that exists is taken.
        what: what the file is, for the message.
        remedy: what the user can do if no file exists, for the message.

    Raises:
        FileNotFoundError: neither the folder nor the hub has one of the files.
    """
    if Path(name).exists():
        for file in files:
            if (Path(name) / file).is_file():
                return Path(name) / file
        reason = f'has no usable model (neither {" nor ".join(files)})'
    else:
        from transformers.utils import cached_file
        for file in files:
            try:
                return Path(str(cached_file(name, file)))
            except (OSError, ValueError) as error:
                told = str(error).splitlines()[0]
                reason = f'is neither a folder nor a model on the hub ({told})'
                if 'does not appear to have a file' not in told:
                    break
    raise FileNotFoundError(f'{what}: {name!r} {reason}. {remedy}')


def read_model_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file of a model.

    Raises:
        InputError: the file is too large, is not JSON, or is not an object.
    """
    size = path.stat().st_size
    if size > LARGEST_JSON:
        raise InputError(f'{path} has {size} bytes; a description of a model has at '
                         f'most {LARGEST_JSON}')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        reason = (str(error).splitlines() or [''])[0]
        raise InputError(f'{path} cannot be read as JSON: {reason}') from None
    if not isinstance(content, dict):
        raise InputError(f'{path} should be a JSON object, not a '
                         f'{type(content).__name__}')
    return content


def weight_files(source: str) -> list[Path]:
    """Return the files with the weights of a folder, or of a model on the hub.

    Raises:
        FileNotFoundError: the model has no safetensors.
        InputError: its index cannot be read, or names files that are not beside it.
    """
    path = find_model_file(source, ['model.safetensors', INDEX],
                           'weights of a foundation model', REMEDY)
    if path.suffix != '.json':
        return [path]
    places = read_model_json(path).get('weight_map')
    files = sorted(set(map(str, places.values()))) if isinstance(places, dict) else []
    if not files or not all(SHARD.fullmatch(file) for file in files):
        raise InputError(f'{path} should name a file *.safetensors beside it for every '
                         "tensor, under 'weight_map'")
    return [find_model_file(source, [file], 'weights of a foundation model', REMEDY)
            for file in files]
