"""What every grounder shares: extract, then the head."""
from abc import ABCMeta, abstractmethod
from functools import cache
from typing import Any, Callable, Optional

import torch
from mmengine.model import BaseModel

from segvg.registry import MODELS, own_scope
from segvg.structures import FusedFeatures, GroundingBatch, GroundingDataSample, Tokens
from segvg.utils.precision import precision

TEXT_MULTIPLE = 8  # to which texts are padded for a compiled model


@cache
def _compiled(function: Callable[..., FusedFeatures],
              backend: str) -> Callable[..., FusedFeatures]:
    """Return a compiled function, the same one for all models of a class."""
    return torch.compile(function, backend=backend)


def mark_dynamic(values: Any) -> None:
    """Tell the compiler that the first size of all tensors of a tuple may change."""
    if isinstance(values, torch.Tensor):
        torch._dynamo.maybe_mark_dynamic(values, 0)
    elif isinstance(values, tuple):
        for value in values:
            mark_dynamic(value)


class BaseGrounder(BaseModel, metaclass=ABCMeta):
    """An image and an expression in, the described object out.

    What does not see the text is computed once for each of the I images, the rest for
    each of the B expressions.

    Args:
        head: config of the head; it owns loss and decoding.
        data_preprocessor: config of the data preprocessor.
        init_cfg: mmengine's.

    Attributes:
        dtype: type of matrix products and convolutions at test, ``'float32'``,
            ``'bfloat16'`` or ``'float16'``; in training the optimizer wrapper sets it.
        backend: of ``torch.compile``; None: the model is not compiled.
    """

    def __init__(self,
                 head: dict,
                 *,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(MODELS.build(
            data_preprocessor or dict(type='GroundingDataPreprocessor')), init_cfg)
        self.head = MODELS.build(head)
        self.dtype = 'float32'
        self.backend: Optional[str] = None

    def init_weights(self) -> None:
        """Initialise the weights of all parts as their ``init_cfg`` say."""
        with own_scope():
            super().init_weights()

    @abstractmethod
    def encode_image(self, inputs: GroundingBatch) -> Tokens:
        """Return what the text has no part in, (I, h * w, C)."""

    @abstractmethod
    def fuse(self, image: Tokens, inputs: GroundingBatch) -> FusedFeatures:
        """Return the fused features of B expressions; image is (B, h * w, C)."""

    def extract(self, inputs: GroundingBatch) -> FusedFeatures:
        """Return the fused features of the B expressions of a batch."""
        image = self.encode_image(inputs)
        return self.fuse(image.select(inputs.image_index), inputs)

    def compile_parts(self, backend: str = 'inductor') -> None:
        """Compile the network; losses and the writing of predictions are not compiled.

        The numbers of images and expressions may change from batch to batch. Texts are
        padded, so that few lengths occur.

        Args:
            backend: of ``torch.compile``.
        """
        self.backend = backend
        # Graphs use only the weights of a GRU and do not call the module.
        torch._dynamo.config.allow_rnn = True
        self.head.compile(backend=backend)
        preprocessor = self.data_preprocessor
        if getattr(preprocessor, 'text_multiple', None) == 1:
            # text_length: a part pads all texts to it; max_text_tokens: its limit.
            fixed, limits = ([getattr(part, name) for part in self.modules()
                              if getattr(part, name, None)]
                             for name in ('text_length', 'max_text_tokens'))
            preprocessor.text_multiple = fixed[0] if fixed else TEXT_MULTIPLE
            preprocessor.text_limit = min(fixed + limits, default=None)

    def _extract(self, inputs: GroundingBatch) -> FusedFeatures:
        """Call ``extract``, compiled if the model is."""
        if self.backend is None:
            return self.extract(inputs)
        mark_dynamic(inputs)
        fused = _compiled(type(self).extract, self.backend)(self, inputs)
        mark_dynamic(fused)
        return fused

    def forward(self,
                inputs: GroundingBatch,
                data_samples: Optional[list[GroundingDataSample]] = None,
                mode: str = 'tensor') -> Any:
        """Run the model.

        Args:
            inputs: I images and B expressions.
            data_samples: B samples.
            mode: ``loss`` gives a dict of scalars, ``predict`` the samples with
                ``pred_instances``, ``tensor`` what the head computes.

        Raises:
            ValueError: another mode.
        """
        if mode == 'loss':
            return self.head.loss(self._extract(inputs), data_samples)
        if mode == 'predict':
            with precision(inputs.images.device.type, self.dtype):
                samples = self.head.predict(self._extract(inputs), data_samples)
            for sample in samples:
                sample.pop('frame', None)  # on the device only the targets remain
            return samples
        if mode == 'tensor':
            return self.head(self._extract(inputs))
        raise ValueError(f"mode is 'loss', 'predict' or 'tensor', not {mode!r}")
