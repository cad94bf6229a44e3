"""A text is cut after its special tokens were added."""
from segvg.datasets.cut_tokenizer import CutWordPieceTokenizer

IDS = {piece: number for number, piece in enumerate(
    ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'red', 'box'])}


def test_end_is_cut_off_with_its_special_token():
    tokenizer = CutWordPieceTokenizer(IDS)
    assert tokenizer('the red box', 10).tolist() == [2, 4, 5, 6, 3]
    assert tokenizer('the red box', 4).tolist() == [2, 4, 5, 6]
    assert tokenizer('the red box').tolist() == [2, 4, 5, 6, 3]
