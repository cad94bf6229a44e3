"""Load published models of transformers from a folder, or by their name on the hub.

Nothing that a published model brings is run: no code, no kernel, no pickle; weights are
read from safetensors only. torchvision is not needed: images are prepared by the
processors of transformers that use Pillow, or by ``SquarePixels``.
"""
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from segvg.models.huggingface.settings import read_values
from segvg.utils.errors import InputError
from segvg.utils.hub_files import REMEDY, find_model_file, read_model_json, weight_files

#: Mean and std of pixels for SAM 2 and SAM 3 if their file does not have them.
MEAN = STD = (0.5, 0.5, 0.5)


def check_kind(source: str, kinds: Sequence[str]) -> None:
    """Refuse a model of another architecture.

    Raises:
        FileNotFoundError: the model is neither a folder nor on the hub.
        InputError: ``model_type`` in its ``config.json`` is none of ``kinds``.
    """
    found = read_values(source).get('model_type')
    if found not in kinds:
        raise InputError(f'{source} is a model of the architecture {found!r}; expected '
                         f'{" or ".join(map(repr, kinds))}')


def load_network(name: str, source: str, dtype: str) -> Any:
    """Return a network of transformers with its weights, in evaluation mode.

    Args:
        name: of its class in transformers.
        source: folder or name on the hub.
        dtype: ``'float32'``, ``'bfloat16'`` or ``'float16'``.

    Raises:
        FileNotFoundError: the model has no weights in safetensors.
        ImportError: the installed transformers does not know the class.
        InputError: weights are missing or have another shape.
    """
    weight_files(source)  # an error with a clear message if the model has none
    kind = class_of(name)
    with _quiet():
        network, told = kind.from_pretrained(
            source, config=plain_config(kind, source),
            dtype=getattr(torch, dtype), use_safetensors=True,
            output_loading_info=True, trust_remote_code=False,
            ignore_mismatched_sizes=True)
    lost = [*sorted(map(str, told['missing_keys'])),
            *(str(key[0]) for key in told['mismatched_keys'])]
    if lost:
        raise InputError(f'{source} does not hold the weights of {name}: {len(lost)} '
                         f'missing or of another shape ({", ".join(lost[:3])})')
    return network.eval().requires_grad_(False)


def plain_config(network: Any, source: str) -> Any:
    """Return the settings of a published model without kernels and quantization.

    ``config.json`` can name kernels for attention, which are programs on the hub, and a
    quantization, whose package would be imported; both are ignored.

    Args:
        network: class of transformers.
        source: folder or name on the hub.
    """
    config = network.config_class.from_pretrained(source, trust_remote_code=False)
    config._attn_implementation = None  # of its parts, too
    config._experts_implementation = None
    if hasattr(config, 'quantization_config'):
        del config.quantization_config
    return config


def class_of(name: str) -> Any:
    """Return a class of transformers.

    Raises:
        ImportError: the installed version does not have the class, or has an older
            one.
    """
    import transformers
    found = getattr(transformers, name, None)
    # Version 4 has some of the classes, but with other arguments.
    if found is None or int(transformers.__version__.split('.')[0]) < 5:
        raise ImportError(f'{name} is not in transformers {transformers.__version__}, '
                          "or differs: pip install 'transformers>=5.23'")
    return found


def load_tokenizer(source: str) -> Any:
    """Return the tokenizer of a published model.

    Raises:
        InputError: the model has no tokenizer that can be read.
    """
    from transformers import AutoTokenizer
    with _explained(f'{source} has no tokenizer that can be read'):
        return AutoTokenizer.from_pretrained(source, trust_remote_code=False)


def load_image_processor(name: str, source: str) -> Any:
    """Return the image processor of a published model, in the version for Pillow.

    Args:
        name: of its class, e.g. ``GroundingDinoImageProcessor``.
        source: folder or name on the hub.

    Raises:
        InputError: the model has no settings for it.
    """
    import transformers
    # transformers 5 has two classes of each; that of the plain name needs torchvision.
    kind = getattr(transformers, f'{name}Pil', None) or class_of(name)
    with _explained(f'{source} has no settings of its image processor'):
        return kind.from_pretrained(source)


def processor_settings(source: str) -> dict[str, Any]:
    """Return the settings by which a published model prepares its images.

    Raises:
        FileNotFoundError: the model has no file with such settings.
        InputError: the file cannot be read.
    """
    content = read_model_json(find_model_file(
        source, ['preprocessor_config.json', 'processor_config.json'],
        'settings of an image processor', REMEDY))
    inner = content.get('image_processor')
    return inner if isinstance(inner, dict) else content


class SquarePixels:
    """Resize images to a fixed size, whatever their aspect, for SAM 2 and SAM 3.

    The processor in transformers needs torchvision. It applies torch's antialiased
    bilinear filter to bytes and normalizes the result, and so does this one.

    Args:
        settings: ``size``, ``image_mean`` and ``image_std`` from the file of the model.
        size: (H, W) if the settings have none.
    """

    def __init__(self, settings: dict[str, Any], size: tuple[int, int]) -> None:
        stated = settings.get('size')
        if isinstance(stated, dict) and {'height', 'width'} <= stated.keys():
            size = (int(stated['height']), int(stated['width']))
        self.size = size
        self.mean = torch.tensor(settings.get('image_mean', MEAN))
        self.std = torch.tensor(settings.get('image_std', STD))

    def __call__(self, image: Tensor) -> Tensor:
        """Return pixels (1, 3, h, w) float of an image (3, H0, W0) uint8 on the CPU."""
        small = F.interpolate(image[None], size=self.size, mode='bilinear',
                              antialias=True, align_corners=False)
        return (small.float() / 255 - self.mean.view(3, 1, 1)) / self.std.view(3, 1, 1)


@contextmanager
def replaying(module: torch.nn.Module, output: Any) -> Iterator[None]:
    """Let a module return ``output`` instead of computing.

    For networks of transformers that accept only pixels: with it their image encoder
    runs once per image, however many sentences there are.
    """
    module.forward = lambda *args, **kwargs: output  # type: ignore[method-assign]
    try:
        yield
    finally:
        del module.forward


@contextmanager
def _explained(told: str) -> Iterator[None]:
    """Turn the errors of reading a file into an ``InputError`` with a remedy."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        reason = ' '.join(str(error).split())[:200]
        raise InputError(f'{told} ({reason}). {REMEDY}') from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Let transformers report nothing: what matters becomes an error."""
    from transformers.utils import logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def repeat(values: Optional[Tensor], count: int) -> Any:
    """Return a tensor (1, ...) as (count, ...) without a copy; None stays None."""
    return None if values is None else values.expand(count, *values.shape[1:])
