"""From phrases in their context to queries."""
import torch

from segvg.models.necks import PhraseQueries, whole_text


def test_whole_text_leaves_out_its_frame_and_padding():
    padding = torch.tensor([[False] * 4 + [True], [False] * 2 + [True] * 3])
    excluded = whole_text(padding).excluded[:, 0]
    assert excluded.tolist() == [[True, False, False, True, True], [True] * 5]


def test_only_words_of_the_context_count():
    module = PhraseQueries(phrase_channels=8, channels=8).eval()
    words, phrases = torch.randn(1, 5, 8), torch.randn(1, 1, 8)
    excluded = torch.tensor([[[True, False, False, True, True]]])
    queries, _ = module.mix(words, phrases, excluded)
    words[:, 3:] += 1
    assert torch.equal(module.mix(words, phrases, excluded)[0], queries)
    words[:, 2] += 1
    assert not torch.equal(module.mix(words, phrases, excluded)[0], queries)
