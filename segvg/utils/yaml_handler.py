"""Safe YAML for mmengine, whose own reader runs code that a file names."""
from typing import Any

import yaml
from mmengine.fileio import BaseFileHandler, register_handler

from segvg.utils.safe_yaml import read_yaml


@register_handler(['yaml', 'yml'])
class SafeYamlHandler(BaseFileHandler):
    """YAML files for ``mmengine.load`` and for the bases of configs."""

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
        """Read a file."""
        return read_yaml(file.read())

    def dump_to_fileobj(self, obj: Any, file: Any, **kwargs: Any) -> None:
        """Write plain values to a file."""
        yaml.safe_dump(obj, file, **kwargs)

    def dump_to_str(self, obj: Any, **kwargs: Any) -> str:
        """Plain values as YAML."""
        return yaml.safe_dump(obj, **kwargs)
