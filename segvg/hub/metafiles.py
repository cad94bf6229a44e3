"""The published models that ``model-index.yml`` and ``configs/*/metafile.yml`` list."""
from pathlib import Path
from typing import Any, NamedTuple, Optional

from segvg.utils.close_names import did_you_mean
from segvg.utils.errors import InputError
from segvg.utils.layout import find_folder

INDEX = 'model-index.yml'


class PublishedModel(NamedTuple):
    """A published checkpoint; None and '' mean that its authors do not say.

    Attributes:
        name: unique among all published models.
        method: its collection.
        config: path of its config below ``configs``.
        weights: address of the file, of its folder, or of a page that links it.
        file: name of the file in that folder or at that address.
        rule: name of the rules that convert it, see ``segvg.checkpoints.rules``.
        average: whether to take the averaged weights in the file.
        size: of the file in bytes.
        sha256: of the file.
        tokenizer: addresses of the files of its tokenizer.
        words: address of the annotations from which its vocabulary is built; '' if the
            vocabulary is a file.
        license: SPDX name of the licence of the published repository.
        paper: address of the paper.
        code: address of the published repository.
        data: what it was trained on.
        results: task, data set and published scores, as in the metafile.
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
        """Name under which the published file is stored before it is converted."""
        return self.file or f'{self.name}.pth'


def read_metafiles() -> dict[str, dict[str, Any]]:
    """Return the content of every metafile by its path, as in the index.

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
    """Return all published checkpoints by name, in the order of the metafiles.

    Foundation models are left out: they are not converted, and their name on the
    Hugging Face hub is enough to load them.
    """
    models = {}
    for content in read_metafiles().values():
        collections = {part['Name']: part for part in content['Collections']}
        for entry in filter(is_converted, content['Models']):
            models[entry['Name']] = _read_model(
                entry, collections[entry['In Collection']])
    return models


def is_converted(entry: dict[str, Any]) -> bool:
    """Return whether a model of a metafile is a checkpoint that has to be converted."""
    return 'Convert' in entry


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
        InputError: no metafile has this name; lists similar names.
    """
    models = read_models()
    if name in models:
        return models[name]
    hint = did_you_mean(name, models, most=3)
    raise InputError(f'{name!r} is not the name of a published model'
                     f'{hint and f"; {hint}"} (segvg download --list shows them all)')


def config_path(model: PublishedModel) -> Path:
    """Return the path of the config of a model."""
    return find_folder('configs') / model.config
