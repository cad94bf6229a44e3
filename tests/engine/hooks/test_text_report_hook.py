"""The report on sentences comes at the start of training."""
from types import SimpleNamespace

from segvg.engine.hooks import TextReportHook
from tests.datasets.test_text_report import IDS, Sentences


def test_both_loops_are_reported(monkeypatch):
    from segvg.datasets.tokenizers import WordTokenizer
    from segvg.datasets.transforms import RandomFlip, TokenizeExpression
    steps = [RandomFlip(), TokenizeExpression(WordTokenizer(IDS), 3)]
    loop = SimpleNamespace(dataloader=SimpleNamespace(
        dataset=Sentences(['左边的人', '右边的车'], *steps)))
    said = []
    monkeypatch.setattr('segvg.engine.hooks.text_report_hook.print_log',
                        lambda text, logger, level=20: said.append((level, text)))
    TextReportHook().before_train(SimpleNamespace(train_loop=loop, val_loop=loop))
    assert [level for level, _ in said] == [20, 30, 30] * 2
    assert said[0][1].startswith('own_train.jsonl: 100.0% of 2 sentences are cut at 3')
    assert 'seem to be Chinese' in said[2][1]
