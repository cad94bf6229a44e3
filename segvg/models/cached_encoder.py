"""What a frozen encoder gives for an image or a text, computed once and then read.

Features are found by the content that enters the encoder, the pixels on their canvas or
the ids of the words, and lie in a folder that is named by all that the encoder is: its
weights, settings and code, the device and the number types. So a changed encoder or a
changed picture has no features yet, and a flipped image has its own.
"""
import hashlib
import inspect
from functools import cache
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence, Union

import torch
from torch import Tensor, nn

from segvg.models.feature_store import FeatureStore, add_tensor
from segvg.structures import TextTokens, Tokens
from segvg.utils.errors import InputError
from segvg.version import __version__

DTYPES = dict(float32=torch.float32, float16=torch.float16)
Row = dict[str, Tensor]
#: Attributes of modules that do not change what they compute.
NOT_SETTINGS = ('training', 'init_cfg', 'frozen', 'frozen_stages', 'norm_eval',
                'is_init', 'call_super_init', 'dump_patches', 'forward')
PLAIN = (bool, int, float, str, type(None))


def is_plain(value: Any) -> bool:
    """Return whether a value is a number, text or None, or a sequence of these."""
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    return isinstance(value, PLAIN)


def describe(module: nn.Module) -> dict[str, Any]:
    """Return all that the output of a module depends on, but for its input.

    Besides its weights these are plain attributes of it and its parts, settings of
    transformers, the code of its classes, and the versions of libraries.
    """
    weights, settings = (hashlib.blake2b(digest_size=20) for _ in range(2))
    for name, tensor in module.state_dict().items():
        add_tensor(weights, name, tensor)
    classes: dict[type, None] = {}
    for name, part in module.named_modules():
        classes[type(part)] = None
        values = {key: value for key, value in vars(part).items()
                  if not key.startswith('_') and key not in NOT_SETTINGS
                  and is_plain(value)}
        if hasattr(getattr(part, 'config', None), 'to_json_string'):
            values['config'] = part.config.to_json_string()
        settings.update(f'{name} {type(part).__name__} {sorted(values.items())}\n'
                        .encode())
    for kind in classes:
        if not kind.__module__.startswith('torch.'):
            settings.update(_source(kind).encode())
    return dict(encoder=type(module).__name__, weights=weights.hexdigest(),
                settings=settings.hexdigest(), segvg=__version__,
                torch=torch.__version__)


@cache  # to find it Python parses the whole module
def _source(kind: type) -> str:
    """Return the code of a class, its name where that cannot be found."""
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return f'{kind.__module__}.{kind.__qualname__}'


def circumstances(device: torch.device) -> dict[str, Any]:
    """Return what else decides the last bits of a result."""
    kind = device.type
    facts: dict[str, Any] = dict(device=kind, autocast=None)
    if torch.is_autocast_enabled(kind):
        facts['autocast'] = str(torch.get_autocast_dtype(kind))
    if kind == 'cuda':
        facts.update(name=torch.cuda.get_device_name(device),
                     tf32=torch.backends.cudnn.allow_tf32,
                     products=torch.get_float32_matmul_precision())
    elif kind == 'cpu':
        facts['name'] = torch.backends.cpu.get_cpu_capability()
    return facts


class CachedEncoder:
    """Takes the place of a module's ``forward``.

    The module is an image backbone (images and their padding in, maps out) or a text
    encoder (``TextTokens`` in, ``Tokens`` out). What is not known yet is computed image
    by image and text by text, so that no result depends on what else is in the batch;
    a text also without the padding of its batch, whose tokens are zeros here.

    Args:
        module: the frozen encoder.
        root: folder of all caches.
        name: of the module, for messages.
        dtype: of the files, ``'float32'`` or ``'float16'``.
        max_gigabytes: of all caches in ``root``.

    Attributes:
        read: rows that were read from files so far.
        computed: rows that were computed so far.
    """

    def __init__(self, module: nn.Module, root: Path, name: str, *,
                 dtype: str = 'float32', max_gigabytes: float = 50.0) -> None:
        self.module = module
        self.root = root
        self.name = name
        self.dtype = dtype
        self.max_gigabytes = max_gigabytes
        self.read = self.computed = 0
        self._plain = module.forward  # bound method of the class
        self._store: Optional[FeatureStore] = None
        self._state: Any = None

    @torch.no_grad()
    def __call__(self, inputs: Union[Tensor, TextTokens],
                 padding_mask: Optional[Tensor] = None) -> Any:
        """Return what the module returns.

        Raises:
            InputError: the module is trained or in training mode, or is neither a
                backbone nor a text encoder.
            OSError: the cache cannot be written.
        """
        self.check_frozen()
        device = (inputs if isinstance(inputs, Tensor) else inputs.ids).device
        store = self._current_store(device)
        if isinstance(inputs, TextTokens):
            rows = [self._row(store, TextTokens(ids[None], mask[None]))
                    for ids, mask in _texts(inputs)]
            return self._join_texts(rows, inputs)
        given = [inputs]
        if padding_mask is not None and getattr(self.module, 'reads_padding', False):
            given.append(padding_mask)
        images = [self._row(store, *(values[index:index + 1] for values in given))
                  for index in range(len(inputs))]
        return tuple(torch.stack([row[key] for row in images]).to(device)
                     for key in sorted(images[0], key=int))

    def check_frozen(self) -> None:
        """Refuse a module whose features change.

        Raises:
            InputError: a parameter is trained, or a part is in training mode.
        """
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                raise InputError(
                    f'the features of {self.name} are to be cached, but {name} of it '
                    'is trained: set frozen=True of the encoder, or take the module '
                    'out of FeatureCacheHook')
        for name, part in self.module.named_modules():
            if part is not self.module and part.training:
                raise InputError(
                    f'the features of {self.name} are to be cached, but {name} of it '
                    'is in training mode, where dropout and batch statistics change '
                    'them: set frozen=True of the encoder, or take the module out of '
                    'FeatureCacheHook')

    def _current_store(self, device: torch.device) -> FeatureStore:
        """Return the store of the module as it is now.

        Tensors count their changes; what replaces values behind that (averages of
        weights) changes between training and evaluation mode: there all is hashed.
        """
        tensors = (*self.module.parameters(), *self.module.buffers())
        facts = circumstances(device)
        state = (facts, self.module.training,
                 [(tensor.data_ptr(), tensor._version) for tensor in tensors])
        if self._store is None or state != self._state:
            about = dict(describe(self.module), **facts, dtype=self.dtype)
            if self._store is None or about != self._store.about:
                self._store = FeatureStore(self.root, about, self.max_gigabytes)
            self._state = state
        return self._store

    def _row(self, store: FeatureStore, *inputs: Any) -> Row:
        """Return the features of one image or text, on the CPU if they were read."""
        found = hashlib.blake2b(digest_size=20)
        for tensor in _tensors(inputs):
            add_tensor(found, '', tensor)
        key = found.hexdigest()
        entry = store.read(key)
        if entry is None:
            self.computed += 1
            row = self._take_apart(self._plain(*inputs))
            types = {name: str(value.dtype).removeprefix('torch.')
                     for name, value in row.items()}
            stored = {name: self._to_store(value) for name, value in row.items()}
            store.write(key, stored, types)
        else:
            self.read += 1
            stored, types = entry
        return {name: value.to(getattr(torch, types[name]))
                for name, value in stored.items()}

    def _to_store(self, value: Tensor) -> Tensor:
        """Return a tensor as it is written.

        Raises:
            InputError: a value is too large for float16.
        """
        stored = value.cpu().to(DTYPES[self.dtype])
        if self.dtype == 'float16' and not stored.isfinite().all():
            raise InputError(
                f'features of {self.name} have values up to '
                f'{float(value.abs().max()):.3g}, too large for float16: set '
                "dtype='float32' of FeatureCacheHook")
        return stored

    def _take_apart(self, output: Any) -> Row:
        """Return the features of one row by their names."""
        if isinstance(output, Tokens):
            if output.pos is None and output.maps is None:
                pooled = {} if output.pooled is None else dict(pooled=output.pooled[0])
                return dict(feats=output.feats[0], **pooled)
        elif isinstance(output, Sequence) and all(
                isinstance(value, Tensor) and len(value) == 1 for value in output):
            return {str(index): value[0] for index, value in enumerate(output)}
        raise InputError(f'{self.name} is a {type(self.module).__name__}, whose '
                         'features cannot be cached: name a backbone, which returns '
                         'maps, or a text encoder, which returns tokens')

    @staticmethod
    def _join_texts(rows: list[Row], text: TextTokens) -> Tokens:
        """Return the tokens (B, L, C) of texts, zeros where they are padded."""
        device, first = text.ids.device, rows[0]['feats']
        feats = first.new_zeros((*text.ids.shape, first.shape[-1]))
        for own, row in zip(feats, rows, strict=True):
            own[:len(row['feats'])] = row['feats']
        pooled = (torch.stack([row['pooled'] for row in rows]).to(device)
                  if 'pooled' in rows[0] else None)
        return Tokens(feats.to(device), text.padding_mask, pooled=pooled)


def _tensors(inputs: Sequence[Any]) -> Iterator[Tensor]:
    """Yield the tensors among arguments."""
    for value in inputs:
        yield from ([value] if isinstance(value, Tensor) else value)


def _texts(text: TextTokens) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ids and mask of each text without the padding at its end."""
    for ids, mask in zip(*text, strict=True):
        length = int((~mask).nonzero().max()) + 1 if not mask.all() else len(ids)
        yield ids[:length], mask[:length]
