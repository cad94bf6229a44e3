"""Tokenize a caption and tie its targets and phrases to tokens."""
import numpy as np

from segvg.datasets.token_spans import token_map
from segvg.datasets.transforms.text import TokenizeExpression, used_instances
from segvg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TokenizeCaption(TokenizeExpression):
    """``TokenizeExpression`` that also says which tokens speak of which target.

    Adds to each expression ``phrase_tokens`` (P, L) when it has phrases and
    ``target_tokens`` (T, L), float32 with ones: for a target those of all phrases that
    it belongs to, for one without a phrase all words. The tokenizer has to tell offsets
    (a method ``encode``).

    Args:
        tokenizer: a tokenizer or its config.
        max_length: largest L, special tokens included.

    Source: Kamath et al., "MDETR", ICCV 2021, positive maps.
    """

    def transform(self, results: dict) -> dict:
        """Tokenize the expressions of ``results``."""
        results['expressions'] = [self._tokenize(expression)
                                  for expression in results['expressions']]
        return results

    def _tokenize(self, expression: dict) -> dict:
        """Return the expression with its tokens."""
        text = expression['text']
        ids, offsets = self.tokenizer.encode(text, self.max_length)
        offsets = offsets.tolist()
        phrases = expression.get('phrases') or []
        maps = [token_map(phrase['span'], offsets) for phrase in phrases]
        targets = []
        for number in used_instances(expression):
            named = [row for row, phrase in zip(maps, phrases)
                     if number in phrase['targets']]
            targets.append(np.maximum.reduce(named) if named else
                           token_map([[0, len(text)]], offsets))
        new = dict(
            expression, token_ids=ids, text_padding_mask=np.zeros(len(ids), dtype=bool),
            target_tokens=np.array(targets, dtype=np.float32).reshape(-1, len(ids)))
        if phrases:
            new['phrase_tokens'] = np.stack(maps)
        return new
