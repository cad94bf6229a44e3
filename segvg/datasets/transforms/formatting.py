"""Pack what the pipeline made into what the model and the metrics read."""
import numpy as np
import torch
from mmengine.structures import InstanceData

from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.expressions import renumber, used_instances
from segvg.registry import TRANSFORMS
from segvg.structures import ExpressionGroup, GroundingDataSample

IMAGE_KEYS = ('img_path', 'img_id', 'dataset', 'split', 'ori_shape', 'img_shape',
              'scale_factor', 'pad_offset', 'paste_offset', 'canvas_shape', 'flip',
              'target_mask_stride', 'apply_orientation')
TOKEN_KEYS = ('token_ids', 'text_padding_mask', 'phrase_tokens', 'phrase_ids',
              'phrase_padding_mask')
EXPRESSION_KEYS = ('expr_idx', 'expr_id', 'ref_id', 'source', 'negative_of', 'text',
                   'no_target', 'phrases')


@TRANSFORMS.register_module()
class PackGroundingInputs(Transform):
    """Return ``inputs`` and ``data_samples`` for one image and all its expressions.

    ``inputs`` is (3, h, w) uint8 RGB, resized, neither padded nor normalised;
    ``data_samples`` is an ``ExpressionGroup`` of one ``GroundingDataSample`` an
    expression. Without annotations (inference) the samples hold no targets. Targets of
    phrases count within ``gt_instances``.
    """
    after_flip = True

    def transform(self, results: dict) -> dict:
        """Pack ``results``."""
        pixels = np.ascontiguousarray(results['img'].transpose(2, 0, 1))
        samples = [self._pack(expression, results)
                   for expression in results['expressions']]
        return dict(inputs=torch.from_numpy(pixels),
                    data_samples=ExpressionGroup(samples))

    def _pack(self, expression: dict, results: dict) -> GroundingDataSample:
        """Return the data sample of one expression."""
        used = used_instances(expression)
        expression = renumber(expression, used)
        meta = {key: results[key] for key in IMAGE_KEYS if key in results}
        meta.update({key: expression[key] for key in EXPRESSION_KEYS
                     if expression.get(key) is not None})
        meta.setdefault('canvas_shape', results['img_shape'])
        meta.setdefault('paste_offset', (0, 0))
        sample = GroundingDataSample()
        for key, value in meta.items():  # the constructor would copy every value
            sample.set_field(value, key, field_type='metainfo')
        for key in TOKEN_KEYS:
            if key in expression:
                sample.set_data({key: torch.from_numpy(np.asarray(expression[key]))})
        if 'gt_bboxes' in results:
            self._pack_instances(sample, used, results)
            if 'target_tokens' in expression:
                sample.gt_instances.positive_map = torch.from_numpy(
                    expression['target_tokens'])
        return sample

    @staticmethod
    def _pack_instances(sample: GroundingDataSample, used: list[int],
                        results: dict) -> None:
        """Give the sample its T targets in the frames of canvas and image."""
        index = np.array(used, dtype=np.int64)
        targets = InstanceData(bboxes=torch.from_numpy(results['gt_bboxes'][index]))
        if 'gt_masks' in results:
            targets.masks = torch.from_numpy(results['gt_masks'][index].astype(bool))
        if 'target_masks' in results:
            targets.target_masks = torch.from_numpy(results['target_masks'][index])
        if 'target_contours' in results:
            targets.contours = torch.from_numpy(results['target_contours'][index])
        sample.gt_instances = targets
        sample.image_instances = InstanceData(
            bboxes=torch.from_numpy(results['image_bboxes'][index]),
            segmentations=[results['instances'][number].get('mask') for number in used])
