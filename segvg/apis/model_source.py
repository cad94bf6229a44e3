"""Find the config and weights of a model by name, folder, config or checkpoint."""
import copy
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from mmengine.config import Config

from segvg.checkpoints.io import load_checkpoint
from segvg.checkpoints.published import takes_published
from segvg.checkpoints.stored_config import stored_config
from segvg.export.formats import is_exported
from segvg.export.run import read_manifest
from segvg.hub import resolve
from segvg.utils.config_values import check_values
from segvg.utils.configs import load


class ModelSource(NamedTuple):
    """A config and the weights that belong to it.

    Attributes:
        config: a copy, which may be changed.
        weights: path of a checkpoint, or of the manifest of an exported model; for a
            foundation model its folder, or its name on the hub.
        content: content of that file; empty for a foundation model.
    """
    config: Config
    weights: Path
    content: dict[str, Any]

    @property
    def is_exported(self) -> bool:
        """Whether the weights are graphs that run without PyTorch."""
        return is_exported(self.weights)


def find_model(model: Union[str, Path, Config, None],
               weights: Union[str, Path, None] = None,
               options: Optional[dict[str, Any]] = None) -> ModelSource:
    """Return the config and the weights of a model.

    A model is fetched, on its first use, only if it is given by name without weights.

    Args:
        model: path of a config, or a config, ``segvg::METHOD/NAME.py`` for one of the
            package; None for the config that the weights hold. Without weights: a
            name or path for ``segvg.hub.resolve``, such as the name of a published
            model; or a config of a foundation model, which names its weights itself.
        weights: path of a checkpoint, or of a manifest (``NAME.export.json``); for a
            foundation model its folder, or its name on the hub.
        options: settings that replace those of a config file, path -> value.

    Raises:
        FileNotFoundError: config or weights do not exist.
        ValueError: one of them cannot be read, the weights hold no config, or no model
            has that name.
    """
    is_config = isinstance(model, Config) or Path(model or '').suffix == '.py'
    if weights is None and model is not None and not is_config:
        model, weights = None, resolve(str(model))
    config = None
    if isinstance(model, Config):
        check_values(model)
        config = copy.deepcopy(model)
    elif model is not None:
        config = load(model, options)
    if config is not None and takes_published(config.get('model') or {}):
        return ModelSource(config, Path(weights or config.model.name), {})
    if weights is None:
        raise ValueError('weights are missing: the path of a checkpoint')
    read = read_manifest if is_exported(weights) else load_checkpoint
    content = read(weights)
    if config is None:
        config = stored_config(content, weights)
    return ModelSource(config, Path(weights), content)
