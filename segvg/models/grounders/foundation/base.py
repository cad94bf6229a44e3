"""What all foundation models share: loading, frames, answers, the result card."""
import logging
from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseDataPreprocessor, BaseModel
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.models.grounders.foundation.published import (
    check_kind,
    load_image_processor,
    load_network,
    load_tokenizer,
)
from segvg.registry import MODELS
from segvg.structures import GroundingDataSample
from segvg.structures.boxes import cxcywh_to_xyxy
from segvg.utils.errors import InputError
from segvg.utils.precision import check_dtype

PLACE = '{text}'


class ImageBatch(NamedTuple):
    """I images and the image of each of B expressions.

    Attributes:
        images: I tensors (3, H0, W0) uint8 RGB on the CPU, as in their files.
        image_index: (B,) int64.
    """
    images: list[Tensor]
    image_index: Tensor


class Answer(NamedTuple):
    """What a model says to one expression.

    Attributes:
        boxes: (Q, 4) cxcywh in [0, 1] of the image.
        scores: (Q,) in [0, 1].
        masks: (Q, h, w) over the image, in [0, 1]; of models that segment.
        no_target_score: confidence in [0, 1] that nothing fits; None: the model does
            not say.
        text: the words of a model that answers in words.
        readable: False if these words hold neither a box nor a clear "none".
    """
    boxes: Tensor
    scores: Tensor
    masks: Optional[Tensor] = None
    no_target_score: Optional[float] = None
    text: Optional[str] = None
    readable: bool = True


@MODELS.register_module()
class FoundationPreprocessor(BaseDataPreprocessor):
    """Leave images unchanged and on the CPU; a foundation model prepares its own."""

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Return ``dict(inputs=ImageBatch, data_samples=list of B samples)``.

        Args:
            data: ``inputs``, I tensors (3, H0, W0) uint8, and ``data_samples``, I
                ``ExpressionGroup``, as ``PackGroundingInputs`` makes them.
            training: not used; mmengine passes it.
        """
        groups = data['data_samples']
        counts = torch.tensor([len(group) for group in groups])
        index = torch.arange(len(groups)).repeat_interleave(counts)
        return dict(inputs=ImageBatch(list(data['inputs']), index),
                    data_samples=[sample for group in groups for sample in group])


class FoundationGrounder(BaseModel):
    """A published model that takes an image and words, scored as it is.

    It is not trained here. ``load_published`` loads the weights: tools and inferencer
    call it with a folder of the model's files, or its name on the hub, instead of a
    checkpoint. Images are processed one by one, each with all its sentences: what does
    not see the text is computed once per image, and no answer depends on what else is
    in a batch.

    All boxes are given with their scores. A metric of one target takes the best; the
    threshold of a generalized metric decides which boxes count, possibly none.

    Args:
        name: on the Hugging Face hub. The result card and the leakage verdict refer to
            it; the weights are read from where the checkpoint argument says.
        prompt: what the model is asked; ``{text}`` stands for the sentence.
        dtype: of weights and pixels: float32, bfloat16 or float16.
        max_boxes: of an answer; those with the highest scores are kept.
        sentences_at_once: how many sentences share a pass; fewer need less memory.
        mask_refiner: config of what draws a mask in every box, e.g.
            ``dict(type='Sam2Refiner', name='facebook/sam2.1-hiera-small')``.
        data_preprocessor: config; by default images are not changed.

    Raises:
        ValueError: the prompt has no place for the sentence, or dtype is unknown.
    """
    #: Weights are read from a folder or by a hub name, not from a checkpoint file.
    is_published: ClassVar[bool] = True
    #: ``model_type`` of the architectures that it accepts.
    kinds: ClassVar[tuple[str, ...]]
    #: Names of classes in transformers: of the network and of its image processor.
    network_class: ClassVar[str]
    processor_class: ClassVar[str]
    #: A text with more tokens is cut, with a warning.
    max_tokens: ClassVar[int] = 256

    def __init__(self,
                 name: str,
                 *,
                 prompt: str = PLACE,
                 dtype: str = 'float32',
                 max_boxes: int = 100,
                 sentences_at_once: int = 8,
                 mask_refiner: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None) -> None:
        super().__init__(MODELS.build(
            data_preprocessor or dict(type='FoundationPreprocessor')))
        if PLACE not in prompt:
            raise ValueError(f'prompt needs {PLACE}, the place of the sentence; it is '
                             f'{prompt!r}')
        self.name, self.prompt = name, prompt
        self.max_boxes, self.sentences_at_once = max_boxes, sentences_at_once
        self.mask_refiner = None if mask_refiner is None else MODELS.build(mask_refiner)
        self.network: Any = None
        self.dtype = dtype
        self.tokenizer: Any = None
        self.processor: Any = None
        # torch refuses to distribute a model without a parameter over processes
        self.placeholder = nn.Parameter(torch.zeros(()))

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self.placeholder.device

    @property
    def dtype(self) -> str:
        """Type of weights and pixels; setting it converts weights already loaded."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: str) -> None:
        check_dtype(dtype)
        self._dtype = dtype
        if self.network is not None:
            self.network.to(getattr(torch, dtype))

    def compile_parts(self) -> None:
        """Refuse to be compiled.

        Raises:
            ValueError: always.
        """
        raise ValueError(f'{type(self).__name__} is run as published, not compiled')

    def load_published(self, source: str) -> None:
        """Load network, tokenizer and image processor.

        Args:
            source: folder, or name on the hub.

        Raises:
            FileNotFoundError: the folder does not exist or lacks a file, and the hub
                has no model of this name.
            InputError: the files are of another model or cannot be read.
        """
        check_kind(source, self.kinds)
        self.tokenizer = load_tokenizer(source)
        self.processor = self.load_processor(source)
        self.network = load_network(self.network_class, source, self.dtype).to(
            self.device)
        if self.mask_refiner is not None:
            self.mask_refiner.load_published(self.mask_refiner.name)
            self.mask_refiner.to(self.device)

    def load_processor(self, source: str) -> Any:
        """Return what prepares an image for the network."""
        return load_image_processor(self.processor_class, source)

    @abstractmethod
    def encode_image(self, image: Tensor) -> Any:
        """Return what does not see the text, of an image (3, H0, W0) uint8."""

    @abstractmethod
    def ground(self, encoded: Any, prompts: list[str]) -> list[Answer]:
        """Return the answer to each prompt about an encoded image."""

    def card_entry(self) -> dict[str, Any]:
        """Return the settings that shape the answers, for the result card."""
        refiner = self.mask_refiner
        return dict(type=type(self).__name__, name=self.name, prompt=self.prompt,
                    dtype=self.dtype, max_boxes=self.max_boxes,
                    mask_refiner=None if refiner is None else refiner.name)

    def forward(self,
                inputs: ImageBatch,
                data_samples: Optional[list[GroundingDataSample]] = None,
                mode: str = 'predict') -> list[GroundingDataSample]:
        """Return the B samples with ``pred_instances``.

        Raises:
            ValueError: another mode than ``predict``, or no weights were loaded.
        """
        if mode != 'predict' or data_samples is None:
            raise ValueError(f'{type(self).__name__} is scored as published, not '
                             f"trained: mode is 'predict', not {mode!r}")
        if self.network is None:
            raise ValueError(f'{type(self).__name__} has no weights: give the folder '
                             'of the model, or its name on the hub, as checkpoint')
        with torch.no_grad():
            for number, image in enumerate(inputs.images):
                picked = (inputs.image_index == number).nonzero()[:, 0].tolist()
                self._answer(image, [data_samples[index] for index in picked])
        return data_samples

    def _answer(self, image: Tensor, samples: Sequence[GroundingDataSample]) -> None:
        """Write the answers about one image into its samples."""
        encoded = self.encode_image(image)
        drawing = self.mask_refiner and self.mask_refiner.encode(image)
        for start in range(0, len(samples), self.sentences_at_once):
            part = samples[start:start + self.sentences_at_once]
            answers = self.ground(encoded, [
                self.prompt.replace(PLACE, sample.text.strip()) for sample in part])
            for sample, answer in zip(part, answers, strict=True):
                self._write(sample, answer, (image.shape[-2], image.shape[-1]),
                            drawing)

    def _write(self, sample: GroundingDataSample, answer: Answer,
               shape: tuple[int, int], drawing: Any) -> None:
        """Give a sample its predictions in pixels of the original image.

        An answer that cannot be read is wrong even if the sentence describes nothing in
        the image: it becomes one box without an area, which matches no target and is
        not "none" either.
        """
        if tuple(sample.ori_shape) != shape or sample.get('flip'):
            raise InputError(f'{type(self).__name__} takes images as they are, but the '
                             f'pipeline changed {sample.get("img_path")}: leave only '
                             'loading and PackGroundingInputs in it, without --tta')
        if not answer.readable:
            answer = answer._replace(boxes=torch.zeros(1, 4), scores=torch.ones(1))
        best = answer.scores.argsort(descending=True, stable=True)[:self.max_boxes]
        bboxes = to_pixels(answer.boxes[best].float(), shape)
        found = InstanceData(bboxes=bboxes.cpu(),
                             scores=answer.scores[best].float().cpu())
        if self.mask_refiner is not None:
            found.masks = self.mask_refiner.draw(drawing, bboxes, shape).cpu()
        elif answer.masks is not None:
            found.masks = resize_masks(answer.masks[best], shape).cpu()
        sample.pred_instances = found
        if answer.no_target_score is not None:
            sample.set_data(dict(no_target_score=torch.tensor(answer.no_target_score)))
        if answer.text is not None:
            sample.set_metainfo(dict(answer_text=answer.text,
                                     unreadable=not answer.readable))

    def tokenize(self, texts: list[str], **kwargs: Any) -> Any:
        """Return the tokens of texts, padded, on the device; warn of cut ones."""
        whole = self.tokenizer(texts, verbose=False, add_special_tokens=kwargs.get(
            'add_special_tokens', True))['input_ids']
        for text, ids in zip(texts, whole, strict=True):
            if len(ids) > self.max_tokens:
                print_log(f'{text!r} has {len(ids)} tokens, but {self.name} reads only '
                          f'{self.max_tokens}: its end is cut', logger='current',
                          level=logging.WARNING)
        options = dict(padding=True, truncation=True, max_length=self.max_tokens,
                       return_tensors='pt')
        return self.tokenizer(texts, **{**options, **kwargs}).to(self.device)

    def pixels(self, values: Tensor) -> Tensor:
        """Return pixels in the type and on the device of the network."""
        return values.to(self.device, getattr(torch, self.dtype))


def to_pixels(boxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return boxes (Q, 4), cxcywh in [0, 1], as xyxy pixels within an image (H0, W0).

    Corners are continuous, so they are half-open as everywhere: a box over the whole
    image is (0, 0, W0, H0).
    """
    height, width = shape
    limit = boxes.new_tensor([width, height, width, height])
    return (cxcywh_to_xyxy(boxes) * limit).clamp(min=0).minimum(limit)


def resize_masks(masks: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return masks (Q, h, w) in [0, 1] as (Q, H0, W0) bool; Q may be 0."""
    if not len(masks):
        return masks.new_zeros((0, *shape), dtype=torch.bool)
    large = F.interpolate(masks[None].float(), size=shape, mode='bilinear',
                          align_corners=False)[0]
    return large > 0.5
