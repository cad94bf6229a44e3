"""YAML as data: mmengine's own reader of it runs what a file names."""
from typing import Any

import yaml
from mmengine.fileio import BaseFileHandler, register_handler

from segvg.utils.plain_values import VISIT_FACTOR, VISIT_FLOOR, check_paths


def read_yaml(text: str) -> Any:
    """Plain values of a YAML text; no tags, and no parts repeated to gigabytes.

    Raises:
        ValueError: it is not plain YAML.
    """
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f'not plain YAML: {" ".join(str(error).split())[:200]}'
                         ) from None
    check_paths(value, VISIT_FLOOR + VISIT_FACTOR * len(text))
    return value


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
