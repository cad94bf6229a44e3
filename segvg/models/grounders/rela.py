"""ReLA: regions of the image that relate to each other and to the words."""
from typing import Optional, Sequence

import torch.nn.functional as F
from torch import Tensor

from segvg.models.grounders.base import BaseGrounder
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingBatch, TextTokens, Tokens


@MODELS.register_module()
class ReLA(BaseGrounder):
    """GRES: generalized referring expression segmentation.

    Liu et al., CVPR 2023. An expression may mean many objects, one or none. The image
    encoder reads the words after every stage. A hundred learned regions gather image
    features where their own masks are, attend to each other and read the words. Each
    votes whether its cell of a 10 x 10 minimap belongs to a target; together they
    predict whether there is a target at all.

    Parts: ``language_encoder`` (``LanguageTransformer``), ``image_encoder``
    (``LanguageSwin``, or ``TextFreeBackbone`` around a ResNet), ``pixel_decoder``
    (``PixelDecoder``), ``head`` (``RegionHead`` with a ``RegionDecoder``, or the
    ``LateWordDecoder`` of the paper).

    Quirks kept, since trained weights depend on them: expressions are padded to a fixed
    length and regions read the padding (``text_length``); gates that start at zero
    never open, so the trunk of the image encoder does not see the text; zeros that fill
    up Swin's windows take part; the embeddings and the last two layers of BERT are not
    trained (``frozen``). Because of the closed gates the trunk runs once an image at
    test, however many expressions there are.

    Args:
        image_encoder: config.
        language_encoder: config.
        pixel_decoder: config.
        head: config of the head.
        text_length: tokens to which expressions are padded; None: to the longest.
        frozen: names of submodules that are not trained.
        data_preprocessor: config of the data preprocessor.
        init_cfg: mmengine's.
    """

    def __init__(self,
                 image_encoder: dict,
                 language_encoder: dict,
                 pixel_decoder: dict,
                 head: dict,
                 *,
                 text_length: Optional[int] = 20,
                 frozen: Sequence[str] = (),
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(head, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.image_encoder = MODELS.build(image_encoder)
        self.language_encoder = MODELS.build(language_encoder)
        self.pixel_decoder = MODELS.build(pixel_decoder)
        self.text_length = text_length
        for name in frozen:
            self.get_submodule(name).requires_grad_(False)

    def encode_text(self, text: TextTokens) -> Tokens:
        """Return the words (B, L, C)."""
        margin = 0
        if self.text_length is not None:
            margin = self.text_length - text.ids.shape[1]
        if margin < 0:
            raise ValueError(f'{text.ids.shape[1]} tokens in an expression, but '
                             f'text_length is {self.text_length}: set max_length of '
                             'the tokenizer')
        return self.language_encoder(TextTokens(
            F.pad(text.ids, (0, margin)),
            F.pad(text.padding_mask, (0, margin), value=True)))

    def encode_image(self, inputs: GroundingBatch) -> Tokens:
        """Return the stages of the trunk as ``maps``, finest first.

        Of an encoder that does not read the text: all that the pixel decoder gives.
        """
        maps = self.image_encoder.encode(inputs.images)
        if not self.image_encoder.reads_text:
            return self.decode_pixels(maps)
        coarsest = maps[-1]
        return Tokens(coarsest.flatten(2).transpose(1, 2),
                      grid=tuple(coarsest.shape[-2:]), maps=tuple(maps))

    def fuse(self, image: Tokens, inputs: GroundingBatch) -> FusedFeatures:
        """Return the features of B expressions; image is (B, h * w, C) with maps."""
        words = self.encode_text(inputs.text)
        if self.image_encoder.reads_text:
            image = self.decode_pixels(self.image_encoder.read(image.maps, words))
        return self.pack(image, words, inputs)

    def _extract(self, inputs: GroundingBatch) -> FusedFeatures:
        """Read whether a gate is open before the model is compiled, then extract."""
        self.image_encoder.trunk_reads_text()
        return super()._extract(inputs)

    def extract(self, inputs: GroundingBatch) -> FusedFeatures:
        """Return the features of the B expressions of a batch."""
        if not self.image_encoder.trunk_reads_text():
            return super().extract(inputs)
        words = self.encode_text(inputs.text)
        maps = self.image_encoder(inputs.images[inputs.image_index], words)
        return self.pack(self.decode_pixels(maps), words, inputs)

    def decode_pixels(self, maps: Sequence[Tensor]) -> Tokens:
        """Return the tokens of all levels; their ``maps`` are the levels and the mask
        features.

        Args:
            maps: (B, C_i, h_i, w_i), finest first.
        """
        pixels = self.pixel_decoder(maps)
        grid = tuple(pixels.levels[-1].shape[-2:])
        return Tokens(pixels.tokens, grid=grid,
                      maps=(*pixels.levels, pixels.mask_features))

    @staticmethod
    def pack(image: Tokens, words: Tokens, inputs: GroundingBatch) -> FusedFeatures:
        """Return what the head reads; the finest level are the last of the tokens."""
        assert image.grid is not None  # decode_pixels sets it
        count, cells = image.feats.shape[1], image.grid[0] * image.grid[1]
        height, width = inputs.images.shape[-2:]
        return FusedFeatures(image, slice(count - cells, count), (height, width),
                             words=words)
