"""Scores and pictures in MLflow by names that it accepts."""
import re
from typing import Any, Optional

import numpy as np
from mmengine.visualization import vis_backend

from segvg.registry import VISBACKENDS


def accepted_name(name: str) -> str:
    """Return a name of a score as MLflow accepts it: ``rec/acc at 0.5``.

    MLflow takes letters, digits, blanks and ``_ - . : /`` only, and refuses all scores
    of a step when one has another character.
    """
    words = re.sub(r'[^\w\-.:/]+', ' ', name.replace('@', ' at '))
    return words.strip()


@VISBACKENDS.register_module()
class MLflowVisBackend(vis_backend.MLflowVisBackend):
    """mmengine's backend, which loses ``rec/acc@0.5`` and all scores beside it."""

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs) -> None:
        """Write a picture (H, W, 3) uint8 RGB as ``NAME_STEP.png``."""
        super().add_image(f'{accepted_name(name)}_{step}.png', image, step, **kwargs)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs) -> None:
        """Write a number."""
        super().add_scalar(accepted_name(name), value, step, **kwargs)

    def add_scalars(self, scalar_dict: dict[str, Any], step: int = 0,
                    file_path: Optional[str] = None, **kwargs) -> None:
        """Write numbers by their names."""
        super().add_scalars({accepted_name(name): value for name, value
                             in scalar_dict.items()}, step, file_path, **kwargs)
