"""BERT with its pooler, which makes one vector of a text."""
from typing import Optional

from torch import Tensor, nn

from segvg.models.language_encoders.transformer import LanguageTransformer
from segvg.registry import MODELS
from segvg.structures import Tokens


@MODELS.register_module()
class PooledTransformer(LanguageTransformer):
    """``LanguageTransformer`` that keeps the pooler of the language model.

    RoBERTa has none of its own; there the pooler starts from random weights.

    Args:
        model_type: see ``LanguageTransformer``.
        config: see ``LanguageTransformer``.
        init_cfg: mmengine's.
    """

    def __init__(self, model_type: str = 'bert', config: Optional[dict] = None, *,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(model_type, config, init_cfg=init_cfg)
        self.pooler = nn.Linear(self.channels, self.channels)
        nn.init.normal_(self.pooler.weight, std=0.02)
        nn.init.zeros_(self.pooler.bias)

    def pool(self, tokens: Tokens) -> Tensor:
        """Return one vector (B, C) of the tokens (B, L, C) after all layers."""
        return self.pooler(tokens.feats[:, 0]).tanh()
