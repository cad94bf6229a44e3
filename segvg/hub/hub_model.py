"""A trained grounder as a folder that can be put on the Hugging Face hub."""
import json
import os
from pathlib import Path
from typing import Any, Mapping, Optional, Union

import huggingface_hub as hub
from mmengine.config import Config

from segvg.checkpoints.io import load_checkpoint, save_weights, state_dict_of
from segvg.checkpoints.stored_config import KEPT, stored_config
from segvg.hub.model_card import model_card
from segvg.hub.portable import TOKENIZER, take_tokenizers
from segvg.hub.published import WEIGHTS
from segvg.utils.errors import InputError
from segvg.utils.fast_config_dump import plain_text
from segvg.utils.files import write_whole
from segvg.version import __version__

#: Files to fetch. ``model.py`` is not one of them: the weights hold the same config.
FILES = (WEIGHTS, 'config.json', 'README.md', f'{TOKENIZER}/*')


class HubModel(hub.ModelHubMixin, library_name='segvg',
               tags=['visual-grounding', 'referring-expression-comprehension']):
    """A checkpoint with all files that inference needs, in one folder or on the hub.

    The folder has the weights as safetensors that hold their config, the config as
    ``model.py``, the files of the tokenizer and a model card. Reading the folder runs
    no code: the config is read as data, like the config in any checkpoint.

    Example::

        HubModel('work_dirs/x/epoch_9.pth', card).push_to_hub('owner/name')
        ground = GroundingInferencer('owner/name')

    Args:
        checkpoint: path of a file that holds its config.
        card: result card of a test run, as ``segvg.bench.card.read_header`` reads it.
        license: SPDX name of the licence of the weights, for the model card.
    """

    def __init__(self, checkpoint: Union[str, Path],
                 card: Optional[Mapping[str, Any]] = None, license: str = '') -> None:
        self.checkpoint = Path(checkpoint)
        self.card = card
        self.license = license
        self._hub_mixin_config = None  # it would store the path of the checkpoint

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write all files except the model card."""
        checkpoint = load_checkpoint(self.checkpoint)
        stored = stored_config(checkpoint, self.checkpoint)
        cfg = Config({key: stored[key] for key in KEPT if key in stored})
        take_tokenizers(cfg, save_directory)
        text = plain_text(cfg)
        write_whole(save_directory / 'model.py', text)
        write_whole(save_directory / 'config.json', json.dumps(
            dict(library='segvg', version=__version__, model=cfg.model.type)) + '\n')
        save_weights(save_directory / WEIGHTS, state_dict_of(checkpoint),
                     dict(cfg=text))

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **options: Any) -> 'HubModel':
        """Return the model in a folder, or fetch it from the hub.

        Raises:
            InputError: the folder has no ``model.safetensors``.
        """
        folder = Path(model_id)
        if not folder.is_dir():
            known = ('revision', 'cache_dir', 'force_download', 'local_files_only',
                     'token')
            folder = Path(hub.snapshot_download(
                model_id, allow_patterns=list(FILES),
                endpoint=os.environ.get('HF_ENDPOINT'),
                **{key: options[key] for key in known if key in options}))
        if not (folder / WEIGHTS).is_file():
            raise InputError(f'{model_id} has no {WEIGHTS}')
        return cls(folder / WEIGHTS)

    def generate_model_card(self, *args: Any, **kwargs: Any) -> hub.ModelCard:
        """Return the model card, with results if a result card was given."""
        info = self._hub_mixin_info.model_card_data
        return hub.ModelCard(model_card(self.card, license=self.license,
                                        tags=info.tags or ()))
