import os

import pytest
from mmengine.config import Config

from segvg.utils.configs import load
from segvg.utils.fast_config_dump import plain_text
from tests.toy import CONFIGS


@pytest.mark.slow
def test_text_reads_as_the_same_config(tmp_path):
    for number, path in enumerate(CONFIGS):
        cfg, values = load(path), {}
        text = plain_text(cfg)
        exec(text, values)
        values.pop('__builtins__')
        assert values == cfg.to_dict(), path
        if number % 4 == 0:  # mmengine takes ten times as long to read it
            copy = tmp_path / path.name
            copy.write_text(text)
            assert Config.fromfile(copy).to_dict() == values, path


def test_config_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / 'config.py'
    Config(dict(a=1)).dump(path)

    def is_full(number):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', is_full)
    with pytest.raises(OSError, match='config.py'):
        Config(dict(a=2)).dump(path)
    assert Config.fromfile(path).a == 1 and os.listdir(tmp_path) == [path.name]
    monkeypatch.undo()
    Config(dict(a=2)).dump(tmp_path / 'config.json')
    assert Config.fromfile(tmp_path / 'config.json').a == 2
    assert Config(dict(a=2)).dump() == 'a = 2\n'
