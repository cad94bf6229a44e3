"""Scores of a run in files of its work folder."""
import json
from pathlib import Path

from mmengine.visualization import vis_backend

from segvg.registry import VISBACKENDS
from segvg.utils.files import naming


@VISBACKENDS.register_module()
class LocalVisBackend(vis_backend.LocalVisBackend):
    """mmengine's backend; its errors name the file, such as that of a full disk."""

    def _dump(self, value_dict: dict, file_path: str, file_format: str) -> None:
        """Append a line of JSON to a file."""
        with naming(Path(file_path)), open(file_path, 'a', encoding='utf-8') as stream:
            stream.write(json.dumps(value_dict) + '\n')
