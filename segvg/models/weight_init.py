"""Initialisers from public weights that refuse what does not fit."""
from pathlib import Path

from mmengine.logging import print_log
from torch import nn

from segvg.registry import WEIGHT_INITIALIZERS
from segvg.utils.checkpoint import load_checkpoint, load_strictly, state_dict_of


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
        print_log(f'{len(state)} tensors of {self.checkpoint} loaded', logger='current')


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
        load_strictly(module, own, self.name)
        print_log(f'{len(own)} tensors of {self.name} loaded', logger='current')
