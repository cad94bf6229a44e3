import pytest
from mmengine.config import Config

from segvg.utils.fast_config_dump import plain_text
from tests.toy import CONFIGS


@pytest.mark.slow
def test_text_reads_as_the_same_config(tmp_path):
    for path in CONFIGS:
        cfg = Config.fromfile(path)
        copy = tmp_path / path.name
        copy.write_text(plain_text(cfg))
        assert Config.fromfile(copy).to_dict() == cfg.to_dict(), path
