"""Reader of ``darknet.weights`` and ``yolov3.weights``."""
from pathlib import Path
from typing import Union

import numpy as np
import torch
from torch import Tensor, nn

HEADER_BYTES = 20  # three int32 of the version and the 64-bit count of seen images
#: Order of the tensors of a convolution with batch normalisation in the file.
NORM_TENSORS = ('bias', 'weight', 'running_mean', 'running_var')


def tensors_in_file_order(module: nn.Module) -> list[list[Tensor]]:
    """Return the tensors of each convolution with its normalisation, in file order."""
    from segvg.models.layers import ConvNorm
    return [[*(getattr(layer.bn, name) for name in NORM_TENSORS), layer.conv.weight]
            for layer in module.modules() if isinstance(layer, ConvNorm)]


@torch.no_grad()
def read_darknet_weights(path: Union[str, Path], module: nn.Module) -> tuple[int, int]:
    """Fill a DarkNet-53 from a weight file; what follows in the file is ignored.

    Convolutions that the file does not reach keep what they have: a classifier's file
    ends before the layers of the detection branch.

    Returns:
        How many convolutions were filled, and how many there are.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: it ends within a convolution or before the first.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'weight file {path} does not exist')
    values = np.fromfile(path, dtype='<f4', offset=HEADER_BYTES)
    position, layers = 0, tensors_in_file_order(module)
    for count, tensors in enumerate(layers):
        if position == len(values) and count:
            return count, len(layers)
        need = sum(tensor.numel() for tensor in tensors)
        if position + need > len(values):
            raise ValueError(
                f'{path} ends within convolution {count}: {len(values)} numbers after '
                f'the header of {HEADER_BYTES} bytes, {position + need} are expected. '
                'Is it a weight file of DarkNet-53 or YOLOv3?')
        for tensor in tensors:
            part = values[position:position + tensor.numel()]
            tensor.copy_(torch.from_numpy(part.copy()).view(tensor.shape))
            position += tensor.numel()
    return len(layers), len(layers)
