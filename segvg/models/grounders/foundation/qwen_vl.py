"""Qwen3-VL and Qwen2.5-VL: language models that read images and write boxes as JSON."""
from typing import Any, ClassVar, NamedTuple

from torch import Tensor

from segvg.models.grounders.foundation.base import Answer
from segvg.models.grounders.foundation.text_answers import TextGrounder
from segvg.registry import MODELS

PROMPT = ('Locate "{text}" in the image. Report its bounding box in JSON format: '
          '[{"bbox_2d": [x1, y1, x2, y2]}], one entry for each object that is meant. '
          'If no object in the image matches, answer [].')
IMAGE_TOKEN = '<|image_pad|>'
#: What the user says and how the answer begins, in the form used in training.
CHAT = ('{system}<|im_start|>user\n<|vision_start|>{image}<|vision_end|>{prompt}'
        '<|im_end|>\n<|im_start|>assistant\n')


class EncodedImage(NamedTuple):
    """Output of the vision encoder and the grid (1, 3) of the patches that it read."""
    features: Any
    grid: Tensor


@MODELS.register_module()
class Qwen3VL(TextGrounder):
    """Qwen3-VL, by transformers.

    Bai et al., "Qwen3-VL Technical Report", 2025. Coordinates are whole numbers from 0
    to 1000, relative to width and height. The vision encoder runs once per image.

    Args:
        name: e.g. ``Qwen/Qwen3-VL-4B-Instruct``.
        prompt: the question; it should say what to answer when no object matches.
        parser: how answers are read.
        max_new_tokens: of an answer; about 25 a box.
        **kwargs: of ``TextGrounder``.
    """
    kinds: ClassVar[tuple[str, ...]] = ('qwen3_vl', )
    network_class: ClassVar[str] = 'Qwen3VLForConditionalGeneration'
    processor_class: ClassVar[str] = 'Qwen2VLImageProcessor'
    #: What comes before the user's part of a chat.
    system: ClassVar[str] = ''

    def __init__(self, name: str, *, prompt: str = PROMPT, parser: str = 'json_boxes',
                 max_new_tokens: int = 256, **kwargs) -> None:
        super().__init__(name, prompt=prompt, parser=parser,
                         max_new_tokens=max_new_tokens, **kwargs)

    def encode_image(self, image: Tensor) -> EncodedImage:
        """Return the output of the vision encoder for an image (3, H0, W0) uint8."""
        prepared = self.processor(image.numpy(), return_tensors='pt')
        grid = prepared['image_grid_thw'].to(self.device)
        return EncodedImage(self.network.get_image_features(
            self.pixels(prepared['pixel_values']), grid), grid)

    def coordinates(self, grid: Tensor) -> tuple[float, float]:
        """Return width and height of the image in the unit of the answers.

        Args:
            grid: (1, 3) patches in time, height and width.
        """
        return 1000.0, 1000.0

    def ground(self, encoded: EncodedImage, prompts: list[str]) -> list[Answer]:
        """Return the answer to each prompt about an encoded image."""
        patches = int(encoded.grid.prod()) // self.processor.merge_size**2
        texts = [CHAT.replace('{system}', self.system).replace(
            '{image}', IMAGE_TOKEN * patches).replace('{prompt}', as_words(prompt))
            for prompt in prompts]
        tokens = self.tokenizer(texts, padding=True, padding_side='left',
                                return_tensors='pt').to(self.device)
        is_image = tokens['input_ids'] == self.network.config.image_token_id
        out = self.network.generate(
            input_ids=tokens['input_ids'], attention_mask=tokens['attention_mask'],
            mm_token_type_ids=is_image.int(),
            image_grid_thw=encoded.grid.expand(len(prompts), 3),
            mm_encoder_outputs=dict(image=repeat_features(
                encoded.features, len(prompts))), **self.search)
        answers = self.tokenizer.batch_decode(out[:, tokens['input_ids'].shape[1]:],
                                              skip_special_tokens=True)
        size = self.coordinates(encoded.grid)
        return [self.read(text, size) for text in answers]


@MODELS.register_module()
class Qwen25VL(Qwen3VL):
    """Qwen2.5-VL, by transformers: coordinates are pixels of the resized image.

    Bai et al., "Qwen2.5-VL Technical Report", 2025.
    """
    kinds: ClassVar[tuple[str, ...]] = ('qwen2_5_vl', )
    network_class: ClassVar[str] = 'Qwen2_5_VLForConditionalGeneration'
    system: ClassVar[str] = ('<|im_start|>system\nYou are a helpful assistant.'
                             '<|im_end|>\n')

    def coordinates(self, grid: Tensor) -> tuple[float, float]:
        """Return width and height of the resized image in pixels."""
        _, rows, columns = (grid[0] * self.processor.patch_size).tolist()
        return float(columns), float(rows)


def as_words(text: str) -> str:
    """Return a text without the tokens that structure a chat."""
    return text.replace('<|', '< |')


def repeat_features(features: Any, count: int) -> Any:
    """Return the output of the vision encoder for ``count`` copies of one image."""
    parts = dict(features.items())
    parts['pooler_output'] = tuple(features.pooler_output) * count
    if features.get('deepstack_features') is not None:  # Qwen2.5-VL has none
        parts['deepstack_features'] = [
            tuple(level) * count for level in features.deepstack_features]
    return type(features)(**parts)
