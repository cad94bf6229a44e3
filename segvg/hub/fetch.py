"""Fetch a published file from the Hugging Face hub, Google Drive or an https server."""
import os
import re
import shutil
from pathlib import Path
from typing import Optional
from urllib.parse import unquote, urlsplit

from segvg.hub.http_download import download, part_path
from segvg.utils.errors import InputError
from segvg.utils.plain_values import printable

#: Bytes; the largest published checkpoint has about 3 GB.
LARGEST = 20 * 10**9
HUB = re.compile(r'https://huggingface\.co/(?P<repo>[\w.-]+/[\w.-]+)/resolve/'
                 r'(?P<revision>[\w.-]+)/(?P<file>.+)')
DRIVE_FILE = re.compile(r'https://drive\.google\.com/file/d/(?P<id>[\w-]+)(/.*)?')
DRIVE_FOLDER = re.compile(r'https://drive\.google\.com/drive/(u/\d+/)?folders/'
                          r'(?P<id>[\w-]+)(\?.*)?')
FILES = ('.pth', '.pt', '.bin', '.safetensors', '.txt', '.json', '.spm')
HUB_PARTS = '.hub'  # folder in which the client of the hub keeps unfinished files


def way_of(address: str, file: str = '') -> str:
    """Return how a file is fetched: ``hub``, ``drive``, ``https`` or ``by hand``.

    Args:
        address: as its authors published it.
        file: its name; needed if the address is a folder.
    """
    if HUB.fullmatch(address):
        return 'hub'
    if DRIVE_FILE.fullmatch(address) or (file and DRIVE_FOLDER.fullmatch(address)):
        return 'drive'
    if Path(urlsplit(address).path).suffix in FILES:
        return 'https'
    return 'by hand'


def fetch(address: str, path: Path, *, file: str = '', size: Optional[int] = None,
          sha256: str = '', limit: int = LARGEST) -> None:
    """Fetch a file to ``path`` unless it exists, and check it.

    Args:
        address: as its authors published it.
        path: of the file; an unfinished download never has this name.
        file: its name in the folder, if the address is a folder.
        size: expected bytes, None if unknown.
        sha256: expected SHA-256, '' if unknown.
        limit: bytes; a larger file is refused.

    Raises:
        InputError: the file cannot be fetched, or its size or SHA-256 is wrong; names
            the address and the path at which a file fetched by hand is expected.
        OSError: ``path`` cannot be written.
    """
    if not path.is_file():
        way = way_of(address, file)
        try:
            if way == 'by hand':
                raise InputError('it has to be downloaded by hand')
            {'hub': _from_hub, 'drive': _from_drive, 'https': _from_address}[way](
                address, path, file, min(size or limit, limit))
        except Exception as error:  # the clients raise errors of many classes
            if isinstance(error, OSError) and error.filename is not None:
                raise  # an error of the disk, not of the download
            raise InputError(
                f'{address} was not fetched ({reason_of(error)}): open it in a browser '
                f'and save {file or "the file"} as {path}, then run this again'
            ) from None
    _check(path, address, size, sha256)


def reason_of(error: Exception) -> str:
    """Return the first line of an error, without control characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return printable(lines[0][:300])


def _check(path: Path, address: str, size: Optional[int], sha256: str) -> None:
    """Refuse a file of another size or hash than the published one."""
    found = path.stat().st_size
    if size is not None and found != size:
        raise InputError(f'{path} has {found} bytes; the file at {address} has {size}: '
                         'remove it and try again')
    if sha256:
        from segvg.leakage.provenance import sha256_of
        if (digest := sha256_of(path)) != sha256.lower():
            raise InputError(f'{path} has the SHA-256 {digest}; the file at {address} '
                             f'has {sha256}: remove it and try again')


def _from_address(address: str, path: Path, file: str, limit: int) -> None:
    download(address, path, limit=limit)


def _from_hub(address: str, path: Path, file: str, limit: int) -> None:
    """Fetch from the Hugging Face hub, or from the mirror in HF_ENDPOINT."""
    import huggingface_hub as hub
    parts = HUB.fullmatch(address)
    assert parts is not None
    name, endpoint = unquote(parts['file']), os.environ.get('HF_ENDPOINT')
    url = hub.hf_hub_url(parts['repo'], name, revision=parts['revision'],
                         endpoint=endpoint)
    size = hub.get_hf_file_metadata(url).size
    if size is not None and size > limit:
        raise InputError(f'it has {size} bytes, more than the limit of {limit}')
    folder = path.parent / HUB_PARTS
    found = hub.hf_hub_download(parts['repo'], name, revision=parts['revision'],
                                local_dir=folder, endpoint=endpoint)
    os.replace(found, path)
    shutil.rmtree(folder)


def _from_drive(address: str, path: Path, file: str, limit: int) -> None:
    """Fetch a file of Google Drive by its address, or by its name in a folder."""
    try:
        import gdown
    except ImportError:
        raise InputError("files of Google Drive need gdown: pip install "
                         "'segvg[download]'") from None
    if folder := DRIVE_FOLDER.fullmatch(address):
        listed = gdown.download_folder(id=folder['id'], skip_download=True, quiet=True,
                                       use_cookies=False)
        ids = {Path(item.path).name: item.id for item in listed or ()}
        if file not in ids:
            raise InputError(f'the folder has no {file}')
        identity = ids[file]
    else:
        identity = DRIVE_FILE.fullmatch(address)['id']
    part = part_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    gdown.download(id=identity, output=str(part), resume=True, use_cookies=False)
    if not part.is_file():  # gdown prints some errors and returns
        raise InputError('gdown wrote no file')
    if part.stat().st_size > limit:
        part.unlink()
        raise InputError(f'it has more bytes than the limit of {limit}')
    os.replace(part, path)
