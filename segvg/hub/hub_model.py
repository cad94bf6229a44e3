"""A trained grounder as a folder that the Hugging Face hub takes and gives."""
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
from segvg.utils.errors import InputError
from segvg.utils.fast_config_dump import plain_text
from segvg.utils.files import write_whole
from segvg.version import __version__

WEIGHTS = 'model.safetensors'
#: What is fetched; the config is in the weights, and ``model.py`` is for people.
FILES = (WEIGHTS, 'config.json', 'README.md', f'{TOKENIZER}/*')


class HubModel(hub.ModelHubMixin, library_name='segvg',
               tags=['visual-grounding', 'referring-expression-comprehension']):
    """A checkpoint with all that an answer needs, in one folder or on the hub.

    The folder has the weights as safetensors with their config in them, the config as
    ``model.py``, the files of the tokenizer and a model card. Nothing in it is run when
    it is read: the config is read as data, as that of any checkpoint.

    Example::

        HubModel('work_dirs/x/epoch_9.pth', card).push_to_hub('owner/name')
        ground = GroundingInferencer('owner/name')

    Args:
        checkpoint: path of a file that holds its config.
        card: result card of its test, as ``segvg.bench.card.read_header`` reads it.
        license: SPDX name of the licence of the weights, for the model card.
    """

    def __init__(self, checkpoint: Union[str, Path],
                 card: Optional[Mapping[str, Any]] = None, license: str = '') -> None:
        self.checkpoint = Path(checkpoint)
        self.card = card
        self.license = license
        self._hub_mixin_config = None  # would write the path of the checkpoint down

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write all but the model card."""
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
        """Return the model of a folder, or of the hub after it was fetched.

        Raises:
            InputError: it holds no weights.
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
        """Return the model card: of the result card, where there is one."""
        info = self._hub_mixin_info.model_card_data
        return hub.ModelCard(model_card(self.card, license=self.license,
                                        tags=info.tags or ()))
