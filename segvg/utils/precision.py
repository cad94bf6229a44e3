"""Number types of matrix products and convolutions."""
import torch

DTYPES = ('float32', 'bfloat16', 'float16')


def check_dtype(dtype: str) -> None:
    """Refuse a type that is none of ``DTYPES``.

    Raises:
        ValueError: another type.
    """
    if dtype not in DTYPES:
        raise ValueError(f'dtype is one of {", ".join(DTYPES)}, not {dtype!r}')


def precision(device_type: str, dtype: str) -> torch.autocast:
    """Return a context in which matrix products and convolutions have a type.

    Args:
        device_type: ``'cuda'``, ``'cpu'``, ...
        dtype: one of ``DTYPES``; float32 changes nothing.

    Raises:
        ValueError: another type.
    """
    check_dtype(dtype)
    return torch.autocast(device_type, getattr(torch, dtype),
                          enabled=dtype != 'float32')


def use_tf32(enabled: bool) -> None:
    """Turn TF32 on or off: factors of float32 products are rounded to 10 bits.

    GPUs since Ampere have units for it, which are several times faster; other devices
    ignore it.
    """
    torch.backends.cuda.matmul.allow_tf32 = enabled
    torch.backends.cudnn.allow_tf32 = enabled
