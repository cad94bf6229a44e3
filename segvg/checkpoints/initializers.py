"""Initializers from public weights that refuse what does not fit."""
import re
from pathlib import Path
from typing import Mapping

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.model import PretrainedInit
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from segvg.checkpoints.darknet import read_darknet_weights
from segvg.checkpoints.io import (
    check_any_fits,
    load_checkpoint,
    load_strictly,
    state_dict_of,
)
from segvg.checkpoints.mmengine_loader import use_safe_loader
from segvg.models.backbones import HuggingFaceBackbone
from segvg.models.huggingface import HuggingFaceEncoder, model_settings
from segvg.models.huggingface.settings import check_same
from segvg.registry import WEIGHT_INITIALIZERS
from segvg.utils.arrays import read_arrays
from segvg.utils.errors import InputError
from segvg.utils.hub_files import find_model_file, read_model_json

#: Names of the weights of an encoder; the first file that exists is read.
WEIGHT_FILES = ('model.safetensors', 'model.safetensors.index.json',
                'pytorch_model.bin')
SHARD = re.compile(r'[\w.-]+\.safetensors')
LANGUAGE_KEY = re.compile(r'(?:^|(?<=\.))(embeddings|encoder\.layer|pooler\.dense)\.')


def keep_weights(module: nn.Module) -> None:
    """Mark a module as initialized with all that is in it.

    mmengine initializes children after their parent, and a ResNet of mmdet would then
    draw random weights over those that were loaded.
    """
    for part in module.modules():
        if hasattr(part, '_is_init'):
            part._is_init = True


@WEIGHT_INITIALIZERS.register_module()
class StrictPretrained:
    """Load a checkpoint into a module; every key must find its place.

    mmengine's ``Pretrained`` only logs what it could not place: with a wrong file
    training would start from random weights, and nobody would notice.

    Args:
        checkpoint: file with the weights of the module, as ``convert_checkpoint``
            writes it.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``."""
        state = state_dict_of(load_checkpoint(self.checkpoint))
        load_strictly(module, state, self.checkpoint)
        keep_weights(module)
        print_log(f'{len(state)} tensors of {self.checkpoint} loaded', logger='current')


@WEIGHT_INITIALIZERS.register_module()
class PartsPretrained:
    """Load parts of a checkpoint into parts of a module, each strictly.

    Args:
        checkpoint: file with weights, as ``convert_checkpoint`` writes it.
        parts: name of a part of the module -> prefix of its keys in the file. Other
            keys of the file are not used.
    """

    def __init__(self, checkpoint: str, parts: Mapping[str, str]) -> None:
        self.checkpoint = checkpoint
        self.parts = dict(parts)

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into the parts of ``module``."""
        state = state_dict_of(load_checkpoint(self.checkpoint))
        for name, prefix in self.parts.items():
            own = {key.removeprefix(prefix): value for key, value in state.items()
                   if key.startswith(prefix)}
            part = module.get_submodule(name)
            load_strictly(part, own, f'{self.checkpoint} ({prefix}*)')
            keep_weights(part)
            print_log(f'{len(own)} tensors of {self.checkpoint} loaded into {name}',
                      logger='current')


@WEIGHT_INITIALIZERS.register_module()
class Pretrained(PretrainedInit):
    """mmengine's ``Pretrained``; a file without any tensor that fits is refused.

    A file that fits in part is loaded in part, with mmengine's warning: a backbone has
    no classifier. The file is read by ``load_checkpoint``.
    """

    def __call__(self, module: nn.Module) -> None:
        """Load what fits into ``module``."""
        use_safe_loader()
        checkpoint = CheckpointLoader.load_checkpoint(self.checkpoint, 'cpu', None)
        prefix = self.prefix and self.prefix.rstrip('.') + '.'
        check_any_fits(module, {
            key.removeprefix(prefix or ''): value
            for key, value in state_dict_of(checkpoint).items()
            if key.startswith(prefix or '')}, self.checkpoint)
        super().__call__(module)


@WEIGHT_INITIALIZERS.register_module()
class HuggingFacePretrained:
    """Load the public weights of an encoder into a part of ours.

    The part is a ``LanguageTransformer``, a ``HuggingFaceBackbone`` or a
    ``HuggingFaceTextEncoder``. Safetensors are preferred; ``pytorch_model.bin`` is read
    by ``load_checkpoint``, which runs nothing. The settings of the last two have to be
    those of ``config.json`` beside the weights.

    Args:
        name: folder with config.json and weights, or the name of a model on the hub.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``.

        Raises:
            FileNotFoundError: neither folder nor hub has the model.
            ValueError: the weights cannot be read, or are of another model.
        """
        state = read_weights(self.name)
        if isinstance(module, HuggingFaceEncoder):
            tower = 'vision' if isinstance(module, HuggingFaceBackbone) else 'text'
            check_same(module.model.config, model_settings(self.name, tower), self.name)
            unused = module.load_published(state, self.name)
            print_log(f'{len(state) - unused} of {len(state)} tensors of {self.name} '
                      'loaded', logger='current')
            return
        own = {}
        for key, value in state.items():
            # the name of the model comes first where the file is of a task
            match = LANGUAGE_KEY.search(key)
            if match is None or key.endswith('position_ids'):
                continue
            part = key[match.start():].replace('encoder.layer.', 'layers.', 1)
            part = part.replace('pooler.dense.', 'pooler.', 1)
            part = part.replace('LayerNorm.gamma', 'LayerNorm.weight')
            part = part.replace('LayerNorm.beta', 'LayerNorm.bias')
            if not part.startswith('pooler.') or hasattr(module, 'pooler'):
                own[part] = value
        load_strictly(module, own, self.name)
        print_log(f'{len(own)} tensors of {self.name} loaded', logger='current')


def read_weights(name: str) -> dict[str, Tensor]:
    """Return the weights of a folder, or of a model on the hub.

    Raises:
        FileNotFoundError: the folder or model has no weights, or does not exist.
        InputError: a file cannot be read, or an index names files that are not beside
            it.
    """
    remedy = (f'Put config.json and the weights of it ({" or ".join(WEIGHT_FILES)}) '
              'into a folder and name that folder in init_cfg')
    path = find_model_file(name, WEIGHT_FILES, 'weights of an encoder', remedy)
    if path.suffix != '.json':
        return state_dict_of(load_checkpoint(path))
    places = read_model_json(path).get('weight_map')
    files = list(places.values()) if isinstance(places, dict) else [None]
    if not all(isinstance(file, str) and SHARD.fullmatch(file) for file in files):
        raise InputError(f"{path} should name a file *.safetensors beside it for every "
                         "tensor, under 'weight_map'")
    state: dict[str, Tensor] = {}
    for file in sorted(set(files)):
        part = find_model_file(name, [file], 'weights of an encoder', remedy)
        state.update(state_dict_of(load_checkpoint(part)))
    return state


@WEIGHT_INITIALIZERS.register_module()
class DarkNetWeights:
    """Load ``darknet.weights`` or ``yolov3.weights`` into a ``DarkNet53``.

    Args:
        checkpoint: the file, as its authors publish it.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``."""
        filled, count = read_darknet_weights(self.checkpoint, module)
        print_log(f'{filled} of {count} convolutions loaded from {self.checkpoint}',
                  logger='current')


@WEIGHT_INITIALIZERS.register_module()
class WordVectors:
    """Load word vectors into the first rows of a ``WordVectorGRU``'s table.

    Args:
        checkpoint: ``.npz`` with ``word_emb`` (V, C), as ``tools/build_vocab.py`` and
            the published code write it.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: nn.Module) -> None:
        """Write the vectors into ``module.words``.

        Raises:
            FileNotFoundError: the file does not exist.
            ValueError: it holds no word vectors, or they do not fit.
        """
        if not Path(self.checkpoint).is_file():
            raise FileNotFoundError(
                f'word vectors {self.checkpoint} do not exist; tools/build_vocab.py '
                'makes them')
        arrays = read_arrays(self.checkpoint)
        if 'word_emb' not in arrays:
            raise ValueError(f"{self.checkpoint} has no array 'word_emb', only "
                             f'{list(arrays)}')
        vectors = torch.from_numpy(arrays['word_emb'].astype(np.float32))
        rows, width = module.words.weight.shape
        if vectors.ndim != 2 or vectors.shape[1] != width or len(vectors) > rows:
            raise ValueError(
                f'{self.checkpoint} has {len(vectors)} vectors of {vectors.shape[-1]} '
                f'numbers, the table {rows} rows of {width}: set vocab_size '
                '(word_channels) of the language encoder')
        with torch.no_grad():
            module.words.weight.zero_()
            module.words.weight[:len(vectors)] = vectors
