"""Word vectors and a bidirectional GRU."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers.graphs import is_traced, reads_values
from segvg.registry import MODELS
from segvg.structures import TextTokens, Tokens


def pool_max(states: Tensor, padding_mask: Tensor) -> Tensor:
    """Return the largest value (B, C) over the words of (B, L, C) states."""
    return states.masked_fill(padding_mask[..., None], float('-inf')).amax(1)


def pool_mean(states: Tensor, padding_mask: Tensor) -> Tensor:
    """Return the mean (B, C) over the words of (B, L, C) states."""
    states = states.masked_fill(padding_mask[..., None], 0)
    return states.sum(1) / padding_mask.logical_not().sum(1, keepdim=True)


def step_by_step(tokens: Tensor, input_weight: Tensor, state_weight: Tensor,
                 input_bias: Tensor, state_bias: Tensor) -> Tensor:
    """Return the states (B, L, C) of a GRU of one direction, an operation at a time.

    PyTorch's own GRU becomes a graph for one number of expressions only.

    Args:
        tokens: (B, L, C').
        input_weight: (3 C, C'), of the reset, update and new gate.
        state_weight: (3 C, C).
        input_bias: (3 C,).
        state_bias: (3 C,).
    """
    inputs = F.linear(tokens, input_weight, input_bias)
    state = tokens.new_zeros((tokens.shape[0], state_weight.shape[1]))
    states = []
    for step in range(tokens.shape[1]):
        own, past = inputs[:, step].chunk(3, -1), F.linear(
            state, state_weight, state_bias).chunk(3, -1)
        update = (own[1] + past[1]).sigmoid()
        new = (own[2] + (own[0] + past[0]).sigmoid() * past[2]).tanh()
        state = new + update * (state - new)
        states.append(state)
    return torch.stack(states, 1)


def _reorder(tokens: Tensor, order: Tensor) -> Tensor:
    """Return tokens (B, L, C) in an order (B, L) of their own."""
    return tokens.gather(1, order[..., None].expand(-1, -1, tokens.shape[-1]))


POOLS = dict(max=pool_max, mean=pool_mean)


@MODELS.register_module()
class WordVectorGRU(BaseModule):
    """An expression to one vector, by word vectors and a bidirectional GRU.

    Args:
        vocab_size: rows of the table of word vectors, at least the words of the
            vocabulary; surplus rows are never read.
        word_channels: C of a word vector.
        hidden_channels: C of each direction; the sentence has twice as much.
        freeze_words: do not train the word vectors.
        text_length: expressions are padded to this length and the padding runs through
            the GRU, so that the backward direction starts on it. Published weights
            expect the length that they were trained with. None: padding is left out.
        pool: ``'max'`` or ``'mean'`` over the words.
        init_cfg: e.g. ``dict(type='WordVectors', checkpoint='refcoco_unc.npz')``.

    Source: Zhu et al., "SeqTR", ECCV 2022.
    """

    def __init__(self,
                 vocab_size: int,
                 word_channels: int = 300,
                 hidden_channels: int = 512,
                 *,
                 freeze_words: bool = True,
                 text_length: Optional[int] = 15,
                 pool: str = 'max',
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if pool not in POOLS:
            raise ValueError(f'pool is one of {tuple(POOLS)}, not {pool!r}')
        self.text_length = text_length
        self.pool = pool
        self.words = nn.Embedding(vocab_size, word_channels)
        self.words.weight.requires_grad_(not freeze_words)
        self.gru = nn.GRU(word_channels, hidden_channels, batch_first=True,
                          bidirectional=True)

    def forward(self, text: TextTokens) -> Tokens:
        """Return one token (B, 1, C) an expression.

        Raises:
            ValueError: an id lies outside the vocabulary or a text is too long.
        """
        ids, padding_mask = text
        if reads_values(ids) and int(ids.max()) >= self.words.num_embeddings:
            raise ValueError(
                f'word id {int(ids.max())} in a table of {self.words.num_embeddings} '
                'word vectors: tokenizer and language encoder do not belong together')
        states = (self._states(ids, padding_mask) if self.text_length is None
                  else self._padded_states(ids, self.text_length))
        padding_mask = padding_mask[:, :states.shape[1]]
        states = states[:, :padding_mask.shape[1]]
        return Tokens(POOLS[self.pool](states, padding_mask)[:, None])

    def _padded_states(self, ids: Tensor, length: int) -> Tensor:
        """Return the states (B, length, C); padding runs through the GRU."""
        missing = length - ids.shape[1]
        if missing < 0:
            raise ValueError(f'{ids.shape[1]} words in an expression, but text_length '
                             f'is {length}; max_length of TokenizeExpression and '
                             'text_length must agree')
        ids = F.pad(ids, (0, missing))
        if is_traced():
            lengths = ids.new_full((ids.shape[0],), length)
            return self._states_without_packing(ids, lengths)
        return self.gru(self.words(ids))[0]

    def _states(self, ids: Tensor, padding_mask: Tensor) -> Tensor:
        """Return the states (B, L, C) of words that do not see the padding."""
        lengths = padding_mask.logical_not().sum(1)
        if is_traced():
            return self._states_without_packing(ids, lengths)
        if not reads_values(ids):
            return self._states_by_shifting(ids, padding_mask)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.words(ids), lengths, batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.gru(packed)[0], batch_first=True)
        return states

    def _states_by_shifting(self, ids: Tensor, padding_mask: Tensor) -> Tensor:
        """Return the states (B, L, C), those of padding 0, without a packed sequence.

        Packing needs the lengths on the CPU. In the forward direction, padding comes
        after all words. For the backward direction each text is shifted to the end, so
        that padding comes last there too. The GRU computes both directions of both
        arrangements, and one direction of each is used.
        """
        words, length = self.words(ids), ids.shape[1]
        missing = padding_mask.sum(1, keepdim=True)  # (B, 1)
        steps = torch.arange(length, device=ids.device)
        shifted = _reorder(words, (steps - missing) % length)
        states = self.gru(torch.cat([words, shifted]))[0]  # (2 B, L, 2 C)
        forward, backward = states.unflatten(-1, (2, -1)).unbind(-2)
        count = words.shape[0]
        backward = _reorder(backward[count:], (steps + missing) % length)
        return torch.cat([forward[:count], backward], dim=-1).masked_fill(
            padding_mask[..., None], 0)

    def _states_without_packing(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the states (B, L, C), those of padding 0, by operations of a graph.

        A packed sequence is data-dependent. Forwards, padding stands behind all words;
        backwards, every text is turned round within its own length.
        """
        words, steps = self.words(ids), torch.arange(ids.shape[1], device=ids.device)
        inside = steps < lengths[:, None]  # (B, L)
        turned = torch.where(inside, lengths[:, None] - 1 - steps, steps)
        weights = [weight for weight in self.gru._flat_weights if weight is not None]
        half, states = len(weights) // 2, []
        for order, part in ((None, weights[:half]), (turned, weights[half:])):
            tokens = words if order is None else _reorder(words, order)
            out = step_by_step(tokens, *part)
            states.append(out if order is None else _reorder(out, order))
        return torch.cat(states, dim=-1) * inside[..., None]
