"""Text encoders of transformers: BERT and its successors, CLIP, SigLIP2, T5."""
import inspect
from typing import Any, Mapping, Optional, Union

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.huggingface import HuggingFaceEncoder, model_settings
from segvg.models.layers.graphs import reads_values
from segvg.registry import MODELS
from segvg.structures import TextTokens, Tokens
from segvg.utils.errors import InputError

#: Architectures -> their class in transformers.
CLASSES = {
    'bert': 'BertModel', 'roberta': 'RobertaModel', 'xlm-roberta': 'XLMRobertaModel',
    'electra': 'ElectraModel', 'distilbert': 'DistilBertModel', 'mpnet': 'MPNetModel',
    'deberta': 'DebertaModel', 'deberta-v2': 'DebertaV2Model',
    'modernbert': 'ModernBertModel', 'clip_text_model': 'CLIPTextModel',
    'siglip_text_model': 'SiglipTextModel', 'siglip2_text_model': 'Siglip2TextModel',
    't5': 'T5EncoderModel', 'mt5': 'MT5EncoderModel', 'umt5': 'UMT5EncoderModel'}
#: Those that were trained on texts padded to the full length, without a mask.
FIXED_LENGTH = ('siglip_text_model', 'siglip2_text_model')
#: Those with a vector of the whole text.
POOLERS = ('bert', 'roberta', 'xlm-roberta', 'mpnet', 'clip_text_model', *FIXED_LENGTH)
#: Their positions begin after the id of padding.
SHIFTED = ('roberta', 'xlm-roberta', 'mpnet')
POOLINGS = ('own', 'first', 'mean')


def make_model(settings: Any, pooler: bool) -> Any:
    """Return the model with random weights.

    Args:
        settings: of transformers.
        pooler: whether the vector of the whole text is wanted.

    Raises:
        InputError: the architecture is not a text encoder known here.
    """
    import transformers
    kind = settings.model_type
    if kind not in CLASSES:
        raise InputError(f'{kind!r} is not a text encoder that can be used here; these '
                         f'are: {", ".join(sorted(CLASSES))}')
    make = getattr(transformers, CLASSES[kind])
    options = {}
    if 'add_pooling_layer' in inspect.signature(make.__init__).parameters:
        options['add_pooling_layer'] = pooler
    model = make(settings, **options)
    if kind in FIXED_LENGTH and not pooler:
        model.head = nn.Identity()
    return model


@MODELS.register_module()
class HuggingFaceTextEncoder(HuggingFaceEncoder):
    """Expressions to tokens, by a text encoder of transformers.

    Tokens are those of transformers, bit for bit. Padding changes nothing: words do not
    attend to it, and positions count from the first word. SigLIP and SigLIP2 were
    trained on texts that are padded to their full length and attend to the padding;
    their texts are always padded so, however long the batch is. CLIP reads from left
    to right: a word does not see the later ones.

    Args:
        config: settings, ``dict(model_type='bert', ...)``, with random weights; or a
            folder or hub name, whose ``config.json`` is read here and whose weights
            ``init_weights`` loads.
        pooling: what becomes the vector of a text (``pooled`` of its tokens):
            ``'own'``, that of the published model (BERT, RoBERTa, MPNet, CLIP, SigLIP,
            SigLIP2); ``'first'``, the first token; ``'mean'`` over the tokens. None:
            the text has no such vector.
        pad_id: id that stands where a text is padded; None: that of the settings. It
            matters where padding is attended to: SigLIP2's is 0, which its settings do
            not say.
        init_cfg: e.g. ``dict(type='HuggingFacePretrained', name=<folder>)``.
        **kwargs: of ``HuggingFaceEncoder``.

    Attributes:
        channels: C of the tokens.

    Raises:
        ValueError: ``pooling`` is unknown, or is ``'own'`` and the model has
            no pooling of its own.
    """

    def __init__(self,
                 config: Union[Mapping[str, Any], str],
                 *,
                 pooling: Optional[str] = None,
                 pad_id: Optional[int] = None,
                 init_cfg: Optional[dict] = None,
                 **kwargs) -> None:
        if pooling not in (None, *POOLINGS):
            raise ValueError(f'pooling is one of {POOLINGS} or None, not {pooling!r}')
        if isinstance(config, str) and init_cfg is None:
            init_cfg = dict(type='HuggingFacePretrained', name=config)
        settings = model_settings(config, 'text')
        if pooling == 'own' and settings.model_type not in POOLERS:
            raise ValueError(f'{settings.model_type} has no vector of the whole text '
                             "of its own: set pooling='first' or 'mean'")
        super().__init__(make_model(settings, pooling == 'own'), init_cfg=init_cfg,
                         **kwargs)
        self.pooling = pooling
        self.pad_id = pad_id if pad_id is not None else settings.pad_token_id or 0
        self.channels = settings.hidden_size
        # a pooler that was not published starts at random, as in transformers
        self.may_lack = ('pooler.', )

    def positions(self) -> Optional[int]:
        """Return how many tokens a text may have; None: any number."""
        settings = self.model.config
        count = getattr(settings, 'max_position_embeddings', None)
        if count is not None and self.model_type in SHIFTED:
            count -= (settings.pad_token_id or 0) + 1
        return count

    def check(self, ids: Tensor) -> None:
        """Refuse ids (B, L) that the encoder has no rows for.

        Raises:
            ValueError: an id lies outside the vocabulary or a text is too long.
        """
        words, positions = self.model.config.vocab_size, self.positions()
        if positions is not None and ids.shape[1] > positions:
            raise ValueError(f'{ids.shape[1]} tokens in an expression, but the '
                             f'language encoder has {positions} positions')
        if reads_values(ids) and int(ids.max()) >= words:
            raise ValueError(f'token id {int(ids.max())} in a vocabulary of {words} '
                             'words: tokenizer and language encoder do not belong '
                             'together')

    def forward(self, text: TextTokens) -> Tokens:
        """Return the tokens (B, L, C) and, with ``pooling``, the vectors of the texts.

        Raises:
            ValueError: an id lies outside the vocabulary or a text is too long.
        """
        self.check(text.ids)
        length, padding_mask = text.ids.shape[1], text.padding_mask
        # ids of padding are read by some: RoBERTa counts positions, CLIP seeks the end
        ids = text.ids.masked_fill(padding_mask, self.pad_id)
        keep: Optional[Tensor] = padding_mask.logical_not().long()
        if self.model_type in FIXED_LENGTH:
            missing = self.model.config.max_position_embeddings - length
            ids = F.pad(ids, (0, missing), value=self.pad_id)
            keep = None
        out = self.run(input_ids=ids, attention_mask=keep)
        feats = out.last_hidden_state[:, :length]
        return Tokens(feats, padding_mask,
                      pooled=self._pooled(out, feats, padding_mask))

    def _pooled(self, out: Any, feats: Tensor,
                padding_mask: Tensor) -> Optional[Tensor]:
        """Return the vectors (B, C) of texts."""
        if self.pooling == 'own':
            return out.pooler_output
        if self.pooling == 'first':
            return feats[:, 0]
        if self.pooling == 'mean':
            inside = padding_mask.logical_not()[..., None]
            return (feats * inside).sum(1) / inside.sum(1).clamp(min=1)
        return None

    def pool(self, tokens: Tokens) -> Tensor:
        """Return one vector (B, C) a text, of its tokens.

        Raises:
            ValueError: the encoder was built without ``pooling``.
        """
        if tokens.pooled is None:
            raise ValueError('a vector of the whole text is asked for: set pooling of '
                             f'HuggingFaceTextEncoder to one of {POOLINGS}')
        return tokens.pooled


@MODELS.register_module()
class SentenceEncoder(BaseModule):
    """One token an expression: the vector of the text of another encoder, projected.

    For necks that multiply image and sentence, such as SeqTR's ``GatedProduct``.

    Args:
        encoder: config of an encoder with ``channels`` and ``pool``, e.g.
            ``HuggingFaceTextEncoder`` with ``pooling`` or ``PooledTransformer``.
        channels: C of the token.
        init_cfg: mmengine's.
    """

    def __init__(self, encoder: dict, channels: int,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.encoder = MODELS.build(encoder)
        self.project = nn.Linear(self.encoder.channels, channels)

    def forward(self, text: TextTokens) -> Tokens:
        """Return one token (B, 1, C) an expression."""
        vector = self.encoder.pool(self.encoder(text))
        return Tokens(self.project(vector)[:, None])
