"""Initialisers from public weights that refuse what does not fit."""
from pathlib import Path
from typing import Mapping

import numpy as np
import torch
from mmengine.logging import print_log
from torch import nn

from segvg.checkpoints.darknet import read_darknet_weights
from segvg.checkpoints.io import load_checkpoint, load_strictly, state_dict_of
from segvg.registry import WEIGHT_INITIALIZERS


def keep_weights(module: nn.Module) -> None:
    """Mark a module as initialised with all that is in it.

    mmengine initialises children after their parent, and a ResNet of mmdet would then
    draw random weights over those that were loaded.
    """
    for part in module.modules():
        if hasattr(part, '_is_init'):
            part._is_init = True


@WEIGHT_INITIALIZERS.register_module()
class StrictPretrained:
    """Load a checkpoint into a module; every key must find its place.

    mmengine's ``Pretrained`` only logs what it could not place, so that a wrong file
    trains from random weights unseen.

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
class HuggingFacePretrained:
    """Load a language model's public weights into a ``LanguageTransformer``.

    Args:
        name: folder with config.json and weights, or the name of a model on the hub.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: nn.Module) -> None:
        """Load embeddings and layers into ``module``.

        Raises:
            FileNotFoundError: neither folder nor hub has the model.
        """
        from transformers import AutoModel
        try:
            model = AutoModel.from_pretrained(self.name)
        except (OSError, ValueError) as error:
            kind = 'has no usable model' if Path(self.name).exists() else (
                'is neither a folder nor a model that the hub gives')
            raise FileNotFoundError(
                f'weights of the language model: {self.name!r} {kind} '
                f'({str(error).splitlines()[0]}). Put config.json and the weights of '
                'it into a folder and name that folder in init_cfg') from error
        own = {}
        for key, value in model.state_dict().items():
            if key.startswith('embeddings.'):
                own[key] = value
            elif key.startswith('encoder.layer.'):
                own[key.replace('encoder.layer.', 'layers.', 1)] = value
            elif key.startswith('pooler.dense.') and hasattr(module, 'pooler'):
                own[key.replace('pooler.dense.', 'pooler.', 1)] = value
        load_strictly(module, own, self.name)
        print_log(f'{len(own)} tensors of {self.name} loaded', logger='current')


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
            FileNotFoundError: there is no such file.
            ValueError: it holds no word vectors, or they do not fit.
        """
        if not Path(self.checkpoint).is_file():
            raise FileNotFoundError(
                f'there are no word vectors {self.checkpoint}; tools/build_vocab.py '
                'makes them')
        with np.load(self.checkpoint, allow_pickle=False) as archive:
            if 'word_emb' not in archive:
                raise ValueError(f"{self.checkpoint} has no array 'word_emb', only "
                                 f'{archive.files}')
            vectors = torch.from_numpy(archive['word_emb'].astype(np.float32))
        rows, width = module.words.weight.shape
        if vectors.shape[1] != width or len(vectors) > rows:
            raise ValueError(
                f'{self.checkpoint} has {len(vectors)} vectors of {vectors.shape[1]} '
                f'numbers, the table {rows} rows of {width}: set vocab_size '
                '(word_channels) of the language encoder')
        with torch.no_grad():
            module.words.weight.zero_()
            module.words.weight[:len(vectors)] = vectors
