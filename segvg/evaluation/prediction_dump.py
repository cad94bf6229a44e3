"""All predictions of a test in a file; not a score."""
import pickle
from pathlib import Path
from typing import Any, Union

import torch
from mmengine.dist import is_main_process
from mmengine.logging import print_log

from segvg.evaluation.base import GroundingMetric, get_prediction
from segvg.registry import METRICS
from segvg.structures.masks import encode_rle
from segvg.utils.files import write_whole

NAMES = ('dataset', 'split', 'expr_idx', 'expr_id', 'ref_id', 'img_id', 'img_path',
         'text')
ENDINGS = ('.pkl', '.pickle')


@METRICS.register_module()
class PredictionDump(GroundingMetric):
    """Writes the predictions of a test as a pickle of plain values.

    The file is a list with a dict for each expression, in the order of the annotation
    file: ``dataset``, ``split``, ``expr_idx``, ``expr_id``, ``ref_id``, ``img_id``,
    ``img_path``, ``text``, ``ori_shape`` (H0, W0), ``pred_instances`` with ``bboxes``
    (Q, 4) xyxy pixels of the image, ``scores`` (Q,), ``labels`` (Q,) and, of models
    that predict them, ``masks``, Q run-length codes; further ``no_target_score`` and
    ``global_mask`` of heads that set them.

    Args:
        out_file: path of the file, ``.pkl`` or ``.pickle``.

    Raises:
        ValueError: the path has another ending.
    """
    default_prefix = 'dump'

    def __init__(self, out_file: Union[str, Path], **kwargs) -> None:
        super().__init__(**kwargs)
        self.out_file = Path(out_file)
        self._is_written = False
        if not is_pickle(out_file):
            raise ValueError(f'{out_file} does not end in {" or ".join(ENDINGS)}')

    def score(self, sample: dict) -> dict[str, Any]:
        """Return the record of an expression."""
        prediction = get_prediction(sample)
        found = {name: torch.as_tensor(prediction[name]).tolist()
                 for name in ('bboxes', 'scores', 'labels') if name in prediction}
        if 'masks' in prediction:
            masks = torch.as_tensor(prediction['masks']).bool().cpu().numpy()
            found['masks'] = [encode_rle(mask) for mask in masks]
        record = {name: sample.get(name) for name in NAMES}
        record.update(ori_shape=list(sample['ori_shape']), pred_instances=found)
        if sample.get('no_target_score') is not None:
            record['no_target_score'] = float(sample['no_target_score'])
        if sample.get('global_mask') is not None:
            record['global_mask'] = encode_rle(
                torch.as_tensor(sample['global_mask']).bool().cpu().numpy())
        return record

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Write the file, once: plain weights may be scored after the averaged ones.
        """
        if is_main_process() and not self._is_written:
            self._is_written = True
            write_whole(self.out_file, pickle.dumps(results, protocol=4))
            print_log(f'predictions are in {self.out_file}', logger='current')
        return {}


def is_pickle(path: Union[str, Path]) -> bool:
    """Return whether a path is that of a pickle, by its ending."""
    return Path(path).suffix in ENDINGS
