"""Run an exported grounder where a model of PyTorch would run."""
import json
from pathlib import Path
from typing import Any, Optional, Sequence, Union

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor

from segvg.models.grounders.base import BaseGrounder
from segvg.structures import GroundingBatch, GroundingDataSample
from segvg.utils.errors import InputError

MAX_MANIFEST = 1 << 21  # bytes


def load_session(path: Path) -> Any:
    """Return an onnxruntime session of a file, on the CPU.

    Raises:
        ImportError: onnxruntime is not installed.
        InputError: the file is not an ONNX model.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(f'{path} is run by onnxruntime: pip install segvg[onnx]'
                          ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # of many classes, all of onnxruntime
        raise InputError(f'{path} cannot be read as an ONNX model: '
                         f'{" ".join(str(error).split())[:200]}') from error


def run_session(session: Any, args: Sequence[Tensor]) -> list[Tensor]:
    """Return the outputs of a session for inputs in the order of its own."""
    names = [item.name for item in session.get_inputs()]
    if len(names) != len(args):
        raise InputError(f'an exported graph has {len(names)} inputs, {len(args)} were '
                         'expected')
    feed = {name: values.numpy() for name, values in zip(names, args)}
    return [torch.from_numpy(np.asarray(values))
            for values in session.run(None, feed)]


def read_manifest(path: Union[str, Path]) -> dict:
    """Return what ``NAME.export.json`` says of exported graphs.

    ``meta`` has the text of the config, as a checkpoint has it.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: it is not such a file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'exported model {path} does not exist')
    try:
        if path.stat().st_size > MAX_MANIFEST:
            raise ValueError('it is too large')
        found = json.loads(path.read_bytes())
        height, width = (int(value) for value in found['canvas_shape'])
        graphs = {name: str(found['graphs'][name]['file']) for name in (
            'image', 'text')}
        names = [str(name) for name in found['graphs']['text']['outputs']]
        limits = int(found['max_tokens']), int(found['pad_id'])
        fixed = bool(found['fixed_length'])
    except (OSError, ValueError, TypeError, KeyError, AttributeError,
            RecursionError) as error:
        raise InputError(f'{path} is not the manifest of an exported grounder: '
                         f'{type(error).__name__}: {error}') from error
    for name in graphs.values():
        if Path(name).name != name:
            raise InputError(f'{path} names a file in another folder: {name!r}')
    if found.get('format') != 'onnx':
        raise InputError(f'{path} is of the format {found.get("format")!r}; only onnx '
                         'is run, since the others may run code of their own')
    return dict(canvas_shape=(height, width), graphs=graphs, outputs=names,
                meta=dict(cfg=found.get('config')), max_tokens=limits[0],
                pad_id=limits[1], fixed_length=fixed)


class ExportedGrounder(BaseModel):
    """Exported graphs in the place of a grounder, for prediction.

    Every image of a batch is encoded once; what its expressions give is written by the
    head of the grounder, so that predictions look the same.

    Args:
        model: a grounder of the config of the graphs; only its head's ``write`` and its
            data preprocessor are used, its weights do not matter.
        manifest: path of ``NAME.export.json``, beside its ONNX files.

    Raises:
        InputError: a file is not what it should be.
        ImportError: onnxruntime is not installed.
    """

    def __init__(self, model: BaseGrounder, manifest: Path) -> None:
        super().__init__(model.data_preprocessor)
        self.head = model.head
        self.settings = read_manifest(manifest)
        self.sessions = {name: load_session(manifest.with_name(file))
                         for name, file in self.settings['graphs'].items()}

    def forward(self, inputs: GroundingBatch,
                data_samples: Optional[list[GroundingDataSample]] = None,
                mode: str = 'predict') -> Any:
        """Return the samples with predictions; the only mode is ``predict``.

        Raises:
            ValueError: another mode.
            InputError: an image or a text is larger than the graphs take, or captions
                bring phrases.
        """
        if mode != 'predict' or data_samples is None:
            raise ValueError(f"an exported grounder only predicts, not {mode!r}")
        if inputs.phrases is not None:
            raise InputError('exported graphs read whole expressions, not the phrases '
                             'of captions')
        images, padding_mask = self._pad_images(inputs)
        ids, text_mask = self._pad_text(inputs)
        answers = []
        for number in range(len(images)):
            own = inputs.image_index == number
            encoded = run_session(self.sessions['image'], (
                images[number:number + 1], padding_mask[number:number + 1]))
            answers.append(run_session(self.sessions['text'], (
                *encoded, ids[own], text_mask[own])))
        answer = {name: torch.cat(values) for name, values in zip(
            self.settings['outputs'], zip(*answers), strict=True)}
        return self.head.write(answer, self.settings['canvas_shape'], data_samples)

    def _pad_images(self, inputs: GroundingBatch) -> tuple[Tensor, Tensor]:
        """Return images and padding mask on the canvas of the graphs."""
        height, width = self.settings['canvas_shape']
        missing = (height - inputs.images.shape[-2], width - inputs.images.shape[-1])
        if min(missing) < 0:
            raise InputError(
                f'an image of {inputs.images.shape[-2]} x {inputs.images.shape[-1]} '
                f'pixels, but the graphs were exported for {height} x {width}')
        margins = (0, missing[1], 0, missing[0])
        return (F.pad(inputs.images, margins),
                F.pad(inputs.padding_mask, margins, value=True))

    def _pad_text(self, inputs: GroundingBatch) -> tuple[Tensor, Tensor]:
        """Return token ids and mask, padded where the graphs have a fixed length."""
        ids, mask = inputs.text
        missing = self.settings['max_tokens'] - ids.shape[1]
        if missing < 0:
            raise InputError(f'an expression of {ids.shape[1]} tokens, but the graphs '
                             f'take {self.settings["max_tokens"]}')
        if not self.settings['fixed_length']:
            return ids, mask
        return (F.pad(ids, (0, missing), value=self.settings['pad_id']),
                F.pad(mask, (0, missing), value=True))
