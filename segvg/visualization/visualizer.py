"""GroundingVisualizer: one expression, its target and its prediction in one picture."""
from pathlib import Path
from typing import Any, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.visualization import Visualizer

from segvg.registry import VISUALIZERS
from segvg.structures import GroundingDataSample
from segvg.structures.answers import AnswerRule, answer_indices
from segvg.structures.boxes import paired_iou
from segvg.structures.masks import decode_segmentation
from segvg.visualization.colors import PREDICTION_COLOR, TARGET_COLOR, Color
from segvg.visualization.drawing import Drawing, Layer, draw_picture, save_picture

MAX_SCORES = 6  # in the legend
LONGEST_SIDE = 1600  # px; fits on a screen, and a file has about 0.5 MB
#: Attributes of mmengine's figure.
FIGURE = ('fig_save_canvas', 'fig_save', 'ax_save', 'dpi')


class NoFigure:
    """Stands for a figure while mmengine's constructor asks for its resolution."""

    def get_dpi(self) -> None:
        """Return no resolution."""


@VISUALIZERS.register_module()
class GroundingVisualizer(Visualizer):
    """Draw the expression as a title above the picture, boxes and masks on it.

    A soft mask (a map of probabilities) gets a second panel as a heat map. mmengine's
    own methods (``set_image``, ``draw_bboxes``, ...) draw on a figure of Matplotlib,
    which is imported and made when the first of them needs it: every run has a
    visualizer, most of them draw nothing.

    Args:
        name: of the instance, as mmengine keeps it.
        vis_backends: where ``add_image`` and scalars go.
        save_dir: folder of the backends.
        gt_color: RGB of targets.
        pred_color: RGB of predictions.
        longest_side: an image with a longer side is drawn smaller, in pixels; None: no
            limit.
    """

    def __init__(self, name: str = 'visualizer',
                 vis_backends: Optional[Sequence[dict]] = None,
                 save_dir: Optional[str] = None, *,
                 gt_color: Color = TARGET_COLOR,
                 pred_color: Color = PREDICTION_COLOR,
                 longest_side: Optional[int] = LONGEST_SIDE) -> None:
        super().__init__(name=name, vis_backends=vis_backends, save_dir=save_dir)
        for attribute in FIGURE:
            delattr(self, attribute)  # so that __getattr__ is asked for it
        self.gt_color = tuple(gt_color)
        self.pred_color = tuple(pred_color)
        self.longest_side = longest_side

    def _initialize_fig(self, fig_cfg: dict) -> tuple[None, NoFigure, None]:
        """Make no figure in the constructor of the base class."""
        return None, NoFigure(), None

    def __getattr__(self, name: str) -> Any:
        """Make the figure when a part of it is asked for."""
        if name not in FIGURE:
            raise AttributeError(f'{type(self).__name__} has no attribute {name!r}')
        (self.fig_save_canvas, self.fig_save,
         self.ax_save) = super()._initialize_fig(self.fig_save_cfg)
        self.dpi = self.fig_save.get_dpi()
        return vars(self)[name]

    @master_only
    def add_datasample(self, name: str, image: np.ndarray,
                       data_sample: Optional[GroundingDataSample] = None,
                       draw_gt: bool = True, draw_pred: bool = True, *,
                       show: bool = False, wait_time: float = 0,
                       out_file: Union[str, Path, None] = None, step: int = 0,
                       frame: str = 'image',
                       rule: Optional[AnswerRule] = None) -> None:
        """Draw a sample; show it, write it to a file or hand it to the backends.

        Args:
            name: what the picture is called.
            image: (H, W, 3) uint8 RGB, the original image or the canvas.
            data_sample: the expression with targets and predictions.
            draw_gt: whether to draw the targets.
            draw_pred: whether to draw the predictions.
            show: whether to open a window.
            wait_time: seconds the window waits for a key, 0 = until one is pressed.
            out_file: where to write the picture instead of the backends.
            step: step for the backends.
            frame: ``'image'``, or ``'canvas'``: what the model learns from, that is the
                targets on the canvas and ``target_masks`` as heat.
            rule: which predictions are the answer; None: the top-scoring one.
        """
        if frame not in ('image', 'canvas'):
            raise ValueError(f"frame is 'image' or 'canvas', not {frame!r}")
        picture = image
        if data_sample is not None:
            picture = self.draw(image, data_sample, draw_gt=draw_gt,
                                draw_pred=draw_pred, frame=frame, rule=rule)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            save_picture(out_file, picture)
        else:
            self.add_image(name, picture, step)

    def draw(self, image: np.ndarray, sample: GroundingDataSample, *,
             draw_gt: bool = True, draw_pred: bool = True, frame: str = 'image',
             rule: Optional[AnswerRule] = None) -> np.ndarray:
        """Return the picture (H', W', 3) uint8 of a sample on ``image`` (H, W, 3)."""
        found = self.compose(image, sample, draw_gt=draw_gt, draw_pred=draw_pred,
                             frame=frame, rule=rule)
        return draw_picture(found.image, found.text, found.layers, notes=found.notes,
                            heat=found.heat, longest_side=self.longest_side)

    def compose(self, image: np.ndarray, sample: GroundingDataSample, *,
                draw_gt: bool = True, draw_pred: bool = True, frame: str = 'image',
                rule: Optional[AnswerRule] = None) -> Drawing:
        """Return what ``draw`` draws; the arguments are those of ``add_datasample``."""
        layers, notes, heat = [], [], None
        if draw_gt:
            layer, heat = (self._canvas_target(sample) if frame == 'canvas'
                           else self._image_target(sample, image.shape[:2]))
            if layer is not None and (len(layer.bboxes) or layer.mask is not None):
                layers.append(layer)
            elif sample.get('no_target'):
                notes.append('no target')
        if draw_pred and frame == 'image' and 'pred_instances' in sample:
            layer, soft = self._prediction(sample, rule)
            if len(layers) == 1 and len(layers[0].bboxes) == len(layer.bboxes) == 1:
                iou = paired_iou(torch.as_tensor(layer.bboxes, dtype=torch.float64),
                                 torch.as_tensor(layers[0].bboxes, dtype=torch.float64))
                notes.append(f'IoU {iou.item():.2f}')
            layers.append(layer)
            heat = soft if soft is not None else heat
        if heat is not None:
            notes.append('right: mask to learn' if frame == 'canvas'
                         else 'right: soft mask')
        return Drawing(image, sample.get('text', ''), layers, notes, heat)

    def _image_target(self, sample: GroundingDataSample,
                      shape: tuple[int, int]) -> tuple[Optional[Layer], None]:
        """Return the targets in the frame of the original image."""
        if 'image_instances' not in sample:
            return None, None
        targets = sample.image_instances
        records = [record for record in targets.get('segmentations', []) if record]
        masks = [decode_segmentation(record, *shape) for record in records]
        mask = np.logical_or.reduce(masks) if masks else None
        return Layer('target', self.gt_color, _numpy(targets.bboxes), mask), None

    def _canvas_target(self, sample: GroundingDataSample
                       ) -> tuple[Optional[Layer], Optional[np.ndarray]]:
        """Return the targets on the canvas, and the masks to learn from as (H, W)."""
        if 'gt_instances' not in sample:
            return None, None
        targets = sample.gt_instances
        mask = heat = None
        if len(targets) and 'masks' in targets:
            mask = _numpy(targets.masks).any(0)
        if len(targets) and 'target_masks' in targets:
            heat = _numpy(targets.target_masks).max(0)
            rows, columns = (side // cells for side, cells in zip(
                sample.canvas_shape, heat.shape))
            heat = heat.repeat(rows, axis=0).repeat(columns, axis=1)
        return Layer('target', self.gt_color, _numpy(targets.bboxes), mask), heat

    def _prediction(self, sample: GroundingDataSample, rule: Optional[AnswerRule]
                    ) -> tuple[Layer, Optional[np.ndarray]]:
        """Return what is predicted, and its soft mask (H0, W0) or None."""
        found, none = sample.pred_instances, sample.get('no_target_score')
        found = found[answer_indices(found, rule, none)]
        if not len(found):
            label = 'nothing predicted' if rule is None else 'not in this image'
            if rule is not None and none is not None:
                label += f' {float(none):.2f}'
            return Layer(label, self.pred_color, np.zeros((0, 4))), None
        kind = 'prediction' if len(found) == 1 else f'{len(found)} predictions'
        scores = sorted(found.scores.tolist(), reverse=True)
        label = ' '.join([kind, *(f'{score:.2f}' for score in scores[:MAX_SCORES])])
        mask = soft = None
        if 'soft_masks' in found:
            soft = _numpy(found.soft_masks.float()).max(0)
        elif 'masks' in found:
            mask = _numpy(found.masks).astype(bool).any(0)
        return Layer(label, self.pred_color, _numpy(found.bboxes.float()), mask), soft


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return torch.as_tensor(tensor).detach().cpu().numpy()
