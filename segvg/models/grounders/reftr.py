"""RefTR: every phrase of a caption owns a query."""
from typing import Optional

from torch import Tensor

from segvg.models.grounders.two_tower import TwoTowerGrounder
from segvg.models.necks.phrase_queries import PhraseContext, whole_text
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingBatch, TextTokens, Tokens


@MODELS.register_module()
class RefTR(TwoTowerGrounder):
    """Referring Transformer: a one-step approach to multi-task visual grounding.

    Li and Sigal, NeurIPS 2021. A joint encoder reads words and image. A query encoder
    turns each phrase in its context into a decoder query, so that prediction and target
    belong together by position: nothing is matched or classified. Every query gives a
    box and, with a mask branch, a mask from its attention over the image.

    Parts: ``image_encoder`` (``NormedEncoder`` without transformer layers),
    ``language_encoder`` (``PooledTransformer``), ``fusion`` (``TypedJointEncoder``),
    ``phrase_queries`` (``PhraseQueries``) and ``head`` (``PhraseHead``). An expression
    without phrases is one phrase itself: its vector is that of the whole text, its
    context all words.

    Quirks kept, since trained weights depend on them: padding takes part in group
    normalisation and has positions (``norm_padding``); scores of words are not scaled;
    losses are divided by the number of captions, not of phrases (``normalize_by``); one
    softmax over all heads of the mask branch; no loss of inner layers while masks are
    learned. Left out: four feature levels and no decoder, which never ran as published.

    Args:
        image_encoder: config.
        language_encoder: config.
        fusion: config of the joint encoder.
        head: config of the head.
        phrase_queries: config of the query encoder.
        data_preprocessor: config of the data preprocessor.
        init_cfg: mmengine's.
    """

    def __init__(self,
                 image_encoder: dict,
                 language_encoder: dict,
                 fusion: dict,
                 head: dict,
                 *,
                 phrase_queries: dict,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(image_encoder, language_encoder, fusion, head,
                         data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.phrase_queries = MODELS.build(phrase_queries)

    def fuse(self, image: Tokens, inputs: GroundingBatch) -> FusedFeatures:
        """Return the fused features of B expressions; image is (B, h * w, C)."""
        text = self.language_encoder(inputs.text)
        fused = self.fusion(text, image, tuple(inputs.images.shape[-2:]))
        vectors, context = self.read_phrases(text, inputs)
        words = fused.memory.feats[:, :fused.image_slice.start]
        queries, query_pos, empty = self.phrase_queries(words, vectors, context)
        return fused._replace(queries=queries, query_pos=query_pos,
                              query_padding_mask=empty)

    def read_phrases(self, text: Tokens,
                     inputs: GroundingBatch) -> tuple[Tensor, PhraseContext]:
        """Return the vectors (B, P, C) of phrases and their context."""
        phrases = inputs.phrases
        if phrases is None:
            vectors = self.language_encoder.pool(text)[:, None]
            return vectors, whole_text(inputs.text.padding_mask)
        flat = TextTokens(phrases.ids.flatten(0, 1), phrases.padding_mask.flatten(0, 1))
        vectors = self.language_encoder.pool(self.language_encoder(flat))
        return (vectors.unflatten(0, phrases.ids.shape[:2]),
                PhraseContext(~phrases.tokens, phrases.empty))
