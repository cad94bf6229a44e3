"""What every grounder shares: extract, then the head."""
from abc import ABCMeta, abstractmethod
from typing import Any, Optional

from mmengine.model import BaseModel

from segvg.registry import MODELS, own_scope
from segvg.structures import FusedFeatures, GroundingBatch, GroundingDataSample, Tokens


class BaseGrounder(BaseModel, metaclass=ABCMeta):
    """An image and an expression in, the described object out.

    What does not see the text is computed once for each of the I images, the rest for
    each of the B expressions.

    Args:
        head: config of the head; it owns loss and decoding.
        data_preprocessor: config of the data preprocessor.
        init_cfg: mmengine's.
    """

    def __init__(self,
                 head: dict,
                 *,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(MODELS.build(
            data_preprocessor or dict(type='GroundingDataPreprocessor')), init_cfg)
        self.head = MODELS.build(head)

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
        fused = self.extract(inputs)
        if mode == 'loss':
            return self.head.loss(fused, data_samples)
        if mode == 'predict':
            return self.head.predict(fused, data_samples)
        if mode == 'tensor':
            return self.head(fused)
        raise ValueError(f"mode is 'loss', 'predict' or 'tensor', not {mode!r}")
