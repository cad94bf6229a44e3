"""Florence-2: one model for many tasks, places as words."""
from typing import ClassVar

import torch
from torch import Tensor

from segvg.models.grounders.foundation.base import Answer
from segvg.models.grounders.foundation.published import repeat
from segvg.models.grounders.foundation.text_answers import TextGrounder
from segvg.registry import MODELS

#: Bins of width and height.
BINS = (1000.0, 1000.0)


@MODELS.register_module()
class Florence2(TextGrounder):
    """Florence-2, by transformers.

    Xiao et al., "Florence-2: Advancing a Unified Representation for a Variety of Vision
    Tasks", CVPR 2024. The vision tower runs once per image. The model has no answer
    for "none".

    Args:
        name: e.g. ``florence-community/Florence-2-base``.
        prompt: the words of a task of the model; by default those of open-vocabulary
            detection. ``Locate the phrases in the caption: {text}`` finds every phrase
            of a sentence; the first phrase counts as the best.
        **kwargs: of ``TextGrounder``.
    """
    kinds: ClassVar[tuple[str, ...]] = ('florence2', )
    network_class: ClassVar[str] = 'Florence2ForConditionalGeneration'
    processor_class: ClassVar[str] = 'CLIPImageProcessor'

    def __init__(self, name: str, *, prompt: str = 'Locate {text} in the image.',
                 parser: str = 'location_tokens', max_new_tokens: int = 128,
                 num_beams: int = 3, **kwargs) -> None:
        super().__init__(name, prompt=prompt, parser=parser,
                         max_new_tokens=max_new_tokens, num_beams=num_beams, **kwargs)

    def encode_image(self, image: Tensor) -> Tensor:
        """Return the image tokens (1, N, C) of an image (3, H0, W0) uint8."""
        prepared = self.processor(image.numpy(), return_tensors='pt')
        return self.network.get_image_features(
            self.pixels(prepared['pixel_values'])).pooler_output

    def ground(self, encoded: Tensor, prompts: list[str]) -> list[Answer]:
        """Return the answer to each prompt about an encoded image."""
        tokens = self.tokenize([
            f'{self.tokenizer.bos_token}{text}{self.tokenizer.eos_token}'
            for text in prompts], add_special_tokens=False, padding_side='right')
        words = self.network.get_input_embeddings()(tokens['input_ids'])
        image = repeat(encoded, len(prompts)).to(words)
        keep = torch.cat([tokens['attention_mask'].new_ones(image.shape[:2]),
                          tokens['attention_mask']], 1)
        seen = self.network.get_encoder()(
            inputs_embeds=torch.cat([image, words], 1), attention_mask=keep)
        found = self.network.generate(encoder_outputs=seen, attention_mask=keep,
                                      **self.search)
        return [self.read(text, BINS) for text in self.tokenizer.batch_decode(
            found, skip_special_tokens=False)]
