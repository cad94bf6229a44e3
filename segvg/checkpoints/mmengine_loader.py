"""mmengine's ways to read weights, all of them through ``load_checkpoint``."""
from pathlib import Path
from typing import Any, NoReturn, Optional
from urllib.parse import unquote, urlparse

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.runner import checkpoint as mmengine_checkpoint

from segvg.checkpoints.io import load_checkpoint
from segvg.utils.errors import InputError

REMOTE_STORES = ['pavi://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://']


def use_safe_loader() -> None:
    """Make mmengine read local and downloaded checkpoints by ``load_checkpoint``.

    Its own reader falls back to free unpickling when the safe one refuses a file.
    """
    register = mmengine_checkpoint.CheckpointLoader.register_scheme
    register(prefixes='', loader=load_from_local, force=True)
    register(prefixes=['http://', 'https://'], loader=load_from_http, force=True)
    register(prefixes=REMOTE_STORES, loader=_refuse_store, force=True)
    # The schemes of model collections look up an address and call this by its name.
    mmengine_checkpoint.load_from_http = load_from_http
    mmengine_checkpoint.load_from_local = load_from_local


def load_from_local(filename: str, map_location: Any = 'cpu') -> Any:
    """Read a checkpoint from a file, by the name under which mmengine logs it."""
    return load_checkpoint(filename, map_location)


def load_from_http(filename: str, map_location: Any = 'cpu',
                   model_dir: Optional[str] = None, progress: bool = True) -> Any:
    """Read a checkpoint from an address; it is downloaded once.

    Args:
        filename: the address.
        map_location: device of the tensors.
        model_dir: folder for the file; None is that of torch's hub.
        progress: whether to show how far the download is.
    """
    folder = Path(model_dir or Path(torch.hub.get_dir()) / 'checkpoints')
    name = Path(unquote(urlparse(filename).path)).name
    if not name:
        raise InputError(f'{filename} does not name a file')
    path = folder / name
    if is_main_process() and not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(filename, str(path), progress=progress)
    barrier()
    return load_checkpoint(path, map_location)


def _refuse_store(filename: str, map_location: Any = None) -> NoReturn:
    raise InputError(f'{filename}: weights are read from files and from http(s) '
                     'addresses; copy the file and name its path')
