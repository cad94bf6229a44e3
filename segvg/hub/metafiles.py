"""The published models that ``model-index.yml`` and ``configs/*/metafile.yml`` list."""
import difflib
from pathlib import Path
from typing import Any, NamedTuple, Optional

from segvg.utils.errors import InputError
from segvg.utils.layout import find_folder

INDEX = 'model-index.yml'


class PublishedModel(NamedTuple):
    """A published checkpoint; None and '' stand for what its authors do not say.

    Attributes:
        name: by which it is fetched.
        method: its collection.
        config: path of its config below ``configs``.
        weights: address of the file, of a folder that has it, or of a page.
        file: name of the file behind the address.
        rule: name of the rules that convert it, see ``segvg.checkpoints.rules``.
        average: whether the averaged weights of the file count.
        size: of the file in bytes.
        sha256: of the file.
        tokenizer: addresses of the files of its tokenizer.
        words: address of the annotations whose words its vocabulary has, where it is
            not a file of its own.
        license: SPDX name of the licence of the published repository.
        paper: its address.
        code: address of the published repository.
        data: what it was trained on.
        results: task, data set and scores of its authors, as in the metafile.
    """
    name: str
    method: str
    config: str
    weights: str
    file: str
    rule: str
    average: bool
    size: Optional[int]
    sha256: str
    tokenizer: tuple[str, ...]
    words: str
    license: str
    paper: str
    code: str
    data: tuple[str, ...]
    results: tuple[dict[str, Any], ...]

    @property
    def file_name(self) -> str:
        """What the published file is called here, before it is converted."""
        return self.file or f'{self.name}.pth'


def read_metafiles() -> dict[str, dict[str, Any]]:
    """Return what every metafile says, by its path below the index.

    Raises:
        FileNotFoundError: the package was installed without its configs.
        ValueError: a file is not plain YAML.
    """
    from segvg.utils.safe_yaml import read_yaml
    root = find_folder('configs').parent
    index = read_yaml((root / INDEX).read_text('utf-8'))
    return {name: read_yaml((root / name).read_text('utf-8'))
            for name in index['Import']}


def read_models() -> dict[str, PublishedModel]:
    """Return all published models by name, in the order of the metafiles."""
    models = {}
    for content in read_metafiles().values():
        collections = {part['Name']: part for part in content['Collections']}
        for entry in content['Models']:
            models[entry['Name']] = _read_model(
                entry, collections[entry['In Collection']])
    return models


def _read_model(entry: dict[str, Any], collection: dict[str, Any]) -> PublishedModel:
    return PublishedModel(
        name=entry['Name'], method=collection['Name'],
        config=entry['Config'].removeprefix('configs/'), weights=entry['Weights'],
        file=entry.get('File', ''), rule=entry['Convert']['Rule'],
        average=entry['Convert'].get('Average', False), size=entry.get('Size'),
        sha256=entry.get('SHA256', ''),
        tokenizer=tuple(collection.get('Tokenizer', ())),
        words=collection.get('Words', ''),
        license=collection['License'], paper=collection['Paper']['URL'],
        code=collection['Code']['URL'],
        data=tuple(entry['Metadata']['Training Data']),
        results=tuple(entry.get('Results', ())))


def find_model(name: str) -> PublishedModel:
    """Return a published model.

    Raises:
        InputError: no metafile has it; names those that are close.
    """
    models = read_models()
    if name in models:
        return models[name]
    close = difflib.get_close_matches(name, models, n=3)
    hint = f'; did you mean {" or ".join(close)}?' if close else ''
    raise InputError(f'{name!r} is not the name of a published model{hint} '
                     '(segvg download --list shows them all)')


def config_path(model: PublishedModel) -> Path:
    """Return the path of the config of a model."""
    return find_folder('configs') / model.config
