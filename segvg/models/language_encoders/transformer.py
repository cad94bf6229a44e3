"""BERT and its relatives, whole or layer by layer, without and with a pooler."""
from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import additive_mask
from segvg.models.layers.bert import build_bert, is_bert
from segvg.models.layers.graphs import reads_values
from segvg.registry import MODELS
from segvg.structures import TextTokens, Tokens


@MODELS.register_module()
class LanguageTransformer(BaseModule):
    """Expressions to tokens, by the transformer of a language model.

    Built from a configuration, with random weights; public weights come through
    ``init_cfg=dict(type='HuggingFacePretrained', name=<folder or hub name>)``.

    Args:
        model_type: ``bert`` or ``roberta``, or the name of another architecture of
            transformers that is built like them.
        config: values that differ from the defaults of that architecture, which for
            ``bert`` are those of bert-base-uncased.
        init_cfg: see above.

    Source: Devlin et al., NAACL 2019.
    """

    def __init__(self,
                 model_type: str = 'bert',
                 config: Optional[dict] = None,
                 *,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.model_type = model_type
        if is_bert(model_type, config or {}):
            self.embeddings, self.layers = build_bert(model_type, config or {})
        else:
            from transformers import AutoConfig, AutoModel
            settings = AutoConfig.for_model(model_type, **(config or {}))
            model = AutoModel.from_config(settings, add_pooling_layer=False)
            # Only these two parts are kept: the model around them has an init_weights
            # of its own, which mmengine would call.
            self.embeddings, self.layers = model.embeddings, model.encoder.layer
        self.channels = self.embeddings.word_embeddings.embedding_dim

    def embed(self, text: TextTokens) -> Tokens:
        """Return word, position and type embeddings, (B, L, C), before layer 0.

        Raises:
            ValueError: an id lies outside the vocabulary or a text is longer than the
                position table.
        """
        words = self.embeddings.word_embeddings.num_embeddings
        positions = self.embeddings.position_embeddings.num_embeddings
        if text.ids.shape[1] > positions:
            raise ValueError(f'{text.ids.shape[1]} tokens in an expression, but the '
                             f'language encoder has {positions} positions')
        if reads_values(text.ids) and int(text.ids.max()) >= words:
            raise ValueError(f'token id {int(text.ids.max())} in a vocabulary of '
                             f'{words} words: tokenizer and language encoder do not '
                             'belong together')
        return Tokens(self.embeddings(input_ids=text.ids), text.padding_mask)

    def layer(self, index: int, tokens: Tokens) -> Tokens:
        """Return the tokens (B, L, C) after layer ``index``."""
        mask = additive_mask(tokens.padding_mask, tokens.feats.dtype)
        out = self.layers[index](tokens.feats, attention_mask=mask)
        # transformers 4 wraps the result of a layer in a tuple.
        feats = out if isinstance(out, Tensor) else out[0]
        return tokens._replace(feats=feats)

    def forward(self, text: TextTokens) -> Tokens:
        """Return the tokens (B, L, C) after all layers."""
        tokens = self.embed(text)
        for index in range(len(self.layers)):
            tokens = self.layer(index, tokens)
        return tokens


@MODELS.register_module()
class PooledTransformer(LanguageTransformer):
    """``LanguageTransformer`` that keeps the pooler of the language model.

    It makes one vector of a text. RoBERTa has none of its own; there the pooler starts
    from random weights. Arguments are those of ``LanguageTransformer``.
    """

    def __init__(self, model_type: str = 'bert', config: Optional[dict] = None, *,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(model_type, config, init_cfg=init_cfg)
        self.pooler = nn.Linear(self.channels, self.channels)
        nn.init.normal_(self.pooler.weight, std=0.02)
        nn.init.zeros_(self.pooler.bias)

    def pool(self, tokens: Tokens) -> Tensor:
        """Return one vector (B, C) a text, of its tokens (B, L, C) after all layers."""
        return self.pooler(tokens.feats[:, 0]).tanh()
