"""Where the files of the package lie that are not Python modules: configs and tools.

An installed package has them in ``.mim``, as mmdetection's packages do; in a clone the
entries of that folder are links to ``configs`` and ``tools``.
"""
from pathlib import Path
from typing import Union

PACKAGE = Path(__file__).resolve().parents[1]
#: ``segvg::segvg/segvg_refcoco.py`` is a config of the package.
PREFIX = 'segvg::'
#: Name of a vocabulary of the package -> its file.
VOCABULARIES = dict(synthref=PACKAGE / 'synthref' / 'vocab.txt')


def find_folder(name: str) -> Path:
    """Return the folder ``configs`` or ``tools`` of a clone or of the package.

    Raises:
        FileNotFoundError: the package was installed without it.
    """
    for folder in (PACKAGE / '.mim' / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder.resolve()
    raise FileNotFoundError(f'{PACKAGE} was installed without its {name}')


def find_config(name: Union[str, Path]) -> Path:
    """Return the path of a config.

    ``segvg::METHOD/NAME.py`` is one of the package. So is ``configs/METHOD/NAME.py``
    where the current folder has no such file.
    """
    name = str(name)
    if name.startswith(PREFIX):
        return find_folder('configs') / name.removeprefix(PREFIX)
    path = Path(name)
    if path.parts[:1] == ('configs', ) and not path.exists():
        packaged = find_folder('configs').joinpath(*path.parts[1:])
        return packaged if packaged.is_file() else path
    return path
