"""SegVG: encoders stepped layer by layer with an alignment between the steps."""
from typing import Optional

from torch import nn

from segvg.models.grounders.two_tower import TwoTowerGrounder
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingBatch, Tokens


@MODELS.register_module()
class SegVG(TwoTowerGrounder):
    """SegVG: transferring the object bounding box to segmentation for visual grounding.

    Kang et al., ECCV 2024. New against TransVG: (1) after every layer of the image
    encoder and its share of language layers, a triple alignment lets object queries,
    text and image tokens attend to each other; (2) a decoder with one box query and
    several mask queries, all layers supervised, the masks being the rasterised box.

    Parts: ``image_encoder`` (``DETREncoder``) and ``language_encoder``
    (``LanguageTransformer``), ``alignment`` (``TripleAlignment``), ``fusion``
    (``JointEncoder``), ``head`` (``SegVGHead``). Both encoders need ``embed``,
    ``layer`` and ``layers``, since the alignment stands between their layers: the
    backbone inside ``DETREncoder`` may be any (``HuggingFaceBackbone``), the language
    encoder may not.

    Quirks kept, since trained weights depend on them: padding of the image is not
    masked (``mask_image_padding=False`` of the encoder), no attention dropout outside
    the decoder's self-attention and BERT, the focal factor passes gradients. Left out:
    the published "DropKey", which adds at most 1e-12 to a logit.

    Args:
        image_encoder: config.
        language_encoder: config; its layers are a multiple of the alignment's.
        alignment: config of the triple alignment; as many layers as ``image_encoder``.
        fusion: config of the joint encoder.
        head: config of the head.
        num_queries: object queries, the box query first.
        channels: C of the queries.
        data_preprocessor: config of the data preprocessor.
        init_cfg: mmengine's.

    Raises:
        ValueError: an encoder cannot be run layer by layer, or the numbers of layers do
            not fit.
    """

    def __init__(self,
                 image_encoder: dict,
                 language_encoder: dict,
                 alignment: dict,
                 fusion: dict,
                 head: dict,
                 *,
                 num_queries: int = 6,
                 channels: int = 256,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(image_encoder, language_encoder, fusion, head,
                         data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        for name, part in (('image_encoder', self.image_encoder),
                           ('language_encoder', self.language_encoder)):
            lacks = [key for key in ('embed', 'layer', 'layers')
                     if not hasattr(part, key)]
            if lacks:
                raise ValueError(
                    f'SegVG runs {name} layer by layer, but {type(part).__name__} has '
                    f'no {", ".join(lacks)}: use DETREncoder (around any backbone) and '
                    'LanguageTransformer')
        self.alignment = MODELS.build(alignment)
        self.query_embed = nn.Embedding(num_queries, channels)
        self.query_pos = nn.Embedding(num_queries, channels)
        self.query_proj = nn.Linear(channels, channels)
        rounds = len(self.alignment.layers)
        image_layers = len(self.image_encoder.layers)
        text_layers = len(self.language_encoder.layers)
        if image_layers != rounds or text_layers % rounds:
            raise ValueError(
                f'{rounds} alignment rounds need {rounds} image encoder layers and a '
                f'multiple of {rounds} language layers, not {image_layers} and '
                f'{text_layers}')
        self.text_layers_per_round = text_layers // rounds

    def encode_image(self, inputs: GroundingBatch) -> Tokens:
        """Return image tokens (I, h * w, C) up to the first alignment."""
        tokens = self.image_encoder.embed(inputs.images, inputs.padding_mask)
        return self.image_encoder.layer(0, tokens)

    def fuse(self, image: Tokens, inputs: GroundingBatch) -> FusedFeatures:
        """Return the fused features of B expressions; image is (B, h * w, C)."""
        batch = image.feats.shape[0]
        query_pos = self.query_pos.weight[None]
        objects = Tokens(self.query_embed.weight.expand(batch, -1, -1), None, query_pos)
        text = self.language_encoder.embed(inputs.text)
        for i in range(len(self.alignment.layers)):
            if i > 0:
                image = self.image_encoder.layer(i, image)
            for j in range(self.text_layers_per_round):
                text = self.language_encoder.layer(
                    i * self.text_layers_per_round + j, text)
            objects, text, image = self.alignment(i, objects, text, image)
        return self.fusion(text, image, tuple(inputs.images.shape[-2:]),
                           self.query_proj(objects.feats), query_pos)
