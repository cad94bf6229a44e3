"""GroundingInferencer: ask a trained grounder about any images."""
import logging
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.logging import print_log
from mmengine.registry import DefaultScope

from segvg.apis.model_source import ModelSource, find_model
from segvg.apis.phrases import (
    PHRASE_TRANSFORMS,
    locate_phrases,
    noun_phrases,
    split_phrases,
)
from segvg.apis.predictions import AnswerFiles, describe
from segvg.checkpoints.io import load_strictly, state_dict_of
from segvg.datasets.text_report import transforms_of
from segvg.datasets.transforms import TokenizeExpression
from segvg.engine.preflight import missing_vocabularies
from segvg.evaluation.thresholds import answer_rule
from segvg.export.run import ExportedGrounder
from segvg.registry import INFERENCERS, MODELS
from segvg.structures import GroundingDataSample
from segvg.structures.answers import split_mask_parts
from segvg.structures.images import BrokenImageError, read_image
from segvg.utils.configs import drop_init, find_pipeline, without_transforms

ImageInput = Union[str, Path, np.ndarray]
# What reads files and annotations in a test pipeline; here both come from the caller.
LOADING = ('LoadImageFromFile', 'LoadGroundingAnnotations')


def start_record(image: np.ndarray) -> dict:
    """Return what ``LoadImageFromFile`` makes of an image (H0, W0, 3) uint8 RGB."""
    shape = image.shape[:2]
    return dict(img=image, img_shape=shape, ori_shape=shape, flip=False,
                scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0))


@INFERENCERS.register_module()
class GroundingInferencer:
    """A trained grounder, ready to be called with images and expressions.

    An image is encoded once for all its expressions, and passes the config's test
    pipeline. Weights are read without running what is in the file and have to fit the
    model; nothing is downloaded.

    A model of generalized grounding, one whose config scores it by a metric of that
    kind, answers with all its targets or that there is none in the image, by the rule
    and threshold of that metric. Any other answers with its best prediction.

    Example::

        ground = GroundingInferencer('configs/segvg/segvg_refcoco.py', 'segvg.pth')
        found = ground('street.jpg', ['left man', 'the red car'])['predictions'][0]

    Args:
        model: path of a config, or a config, ``segvg::METHOD/NAME.py`` for one of the
            package; None for the config that the checkpoint holds. Or what
            ``find_model`` gave, without weights.
        weights: path of a checkpoint of that config, or of the manifest
            (``NAME.export.json``) of a model that ``tools/export_model.py`` wrote.
        device: where to run; a GPU if there is one, unless given.
        mask_parts: take the connected parts of a predicted mask for targets of their
            own, for models that draw one mask around everything (an extension: objects
            that touch become one).
        on_broken_image: ``'error'``, or ``'skip'``: an image that cannot be read is
            warned of, noted in ``skipped`` and has no predictions; the others go on.

    Raises:
        FileNotFoundError: config, checkpoint or vocabulary are missing.
        ValueError: the checkpoint belongs to another model, holds no config or cannot
            be read safely, the config has no test pipeline, or the device does not
            exist.
    """

    def __init__(self, model: Union[str, Path, Config, ModelSource, None],
                 weights: Union[str, Path, None] = None,
                 device: Union[str, torch.device, None] = None, *,
                 mask_parts: bool = False, on_broken_image: str = 'error') -> None:
        if on_broken_image not in ('error', 'skip'):
            raise ValueError("on_broken_image is 'error' or 'skip', not "
                             f'{on_broken_image!r}')
        self.on_broken_image = on_broken_image
        self.skipped: dict[str, str] = {}  # path of an image -> why it was skipped
        if not isinstance(model, ModelSource):
            if weights is None:
                raise ValueError('weights are missing: the path of a checkpoint')
            model = find_model(model, weights)
        cfg, device = model.config, pick_device(device)
        self.mask_parts = mask_parts
        self.rule = answer_rule(cfg.get('test_evaluator'))
        steps = without_transforms(find_pipeline(cfg), LOADING)
        missing = list(missing_vocabularies(dict(pipeline=steps)))
        if missing:
            items = '; '.join(' '.join(item.split()) for item in missing)
            raise FileNotFoundError(f'missing {items}')
        drop_init(cfg.model)
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'segvg')):
            self.pipeline = Compose(steps)
            self.model = MODELS.build(cfg.model)
        if model.is_exported:
            self.model, device = ExportedGrounder(self.model, model.weights), 'cpu'
        else:
            load_strictly(self.model, state_dict_of(model.content), str(model.weights))
        # A head that draws masks only on demand is asked for them.
        if hasattr(self.model.head, 'predict_masks'):
            self.model.head.predict_masks = True
        self.model.to(device).eval()

    def __call__(self, inputs: Union[ImageInput, Sequence[ImageInput]],
                 texts: Union[str, Sequence[str], Sequence[Sequence[str]]],
                 out_dir: Union[str, Path] = '', *, return_vis: bool = False,
                 batch_size: int = 1,
                 phrases: Optional[Sequence[str]] = None) -> dict[str, list]:
        """Ground expressions in images.

        Args:
            inputs: one or many images, each a path or (H0, W0, 3) uint8 RGB.
            texts: expressions asked of every image, or a list of them for each image.
            out_dir: folder for a picture of each expression and ``predictions.json``,
                both written as answers come; what there is stays after a stop.
            return_vis: whether to return the pictures.
            batch_size: number of images, each with all its expressions, that are run
                at a time.
            phrases: parts of every text; each is found by itself, all in one pass.
                None: a model for phrases takes noun phrases, another whole texts.

        Returns:
            ``predictions``: for each image a list of ``dict(text, bbox, score, mask,
            no_target)``, one per expression or phrase: the best box ``[x1, y1, x2,
            y2]`` in pixels of the image, its score and its mask as a run-length code,
            or None where there is none; ``no_target`` where nothing was found. A model
            of generalized grounding adds ``targets``, all boxes with score and mask,
            and ``no_target_score``.
            ``visualization``: with ``return_vis``, for each image a list of pictures
            (H', W', 3) uint8 RGB.

        Raises:
            FileNotFoundError: an image is missing.
            ValueError: an image cannot be read, or images and texts do not fit.
        """
        single = isinstance(inputs, (str, Path, np.ndarray))
        images = [inputs] if single else list(inputs)
        questions = texts_per_image(texts, len(images))
        check_images(images)
        self._warn_of_texts(questions)
        predictions, pictures = [], []
        with AnswerFiles(out_dir) if out_dir else nullcontext() as files:
            for number, (array, group) in enumerate(self._grounded(
                    images, questions, batch_size, phrases)):
                found = [describe(sample, self.rule) for sample in group]
                drawn = []
                if return_vis or out_dir:
                    drawn = [self.visualizer.draw(array, sample, rule=self.rule)
                             for sample in group]
                if files is not None:
                    files.add(images[number], number, found, drawn)
                predictions.append(found)
                if return_vis:
                    pictures.append(drawn)
        return dict(predictions=predictions, visualization=pictures)

    def _grounded(self, images: Sequence[ImageInput], texts: Sequence[Sequence[str]],
                  batch_size: int, phrases: Optional[Sequence[str]]
                  ) -> Iterator[tuple[Optional[np.ndarray], list[GroundingDataSample]]]:
        """Yield every image with a sample for each of its expressions or phrases.

        An image that is skipped is None and has no samples.
        """
        for start in range(0, len(images), batch_size):
            arrays = [self._load(image) for image in images[start:start + batch_size]]
            loaded = [(array, group) for array, group in zip(
                arrays, texts[start:start + batch_size]) if array is not None]
            groups = iter(self.predict(*zip(*loaded), phrases) if loaded else ())
            for array in arrays:
                yield array, [] if array is None else [
                    part for sample in next(groups) for part in split_phrases(sample)]

    def _load(self, image: ImageInput) -> Optional[np.ndarray]:
        """Return an image as (H0, W0, 3) uint8 RGB, None where it is skipped."""
        if isinstance(image, np.ndarray):
            return image
        try:
            return read_image(image, apply_orientation=True)
        except BrokenImageError as error:
            if self.on_broken_image == 'error':
                raise
            self.skipped[str(image)] = str(error)
            print_log(f'skipped: {error}', logger='current', level=logging.WARNING)
            return None

    def _warn_of_texts(self, texts: Sequence[Sequence[str]]) -> None:
        """Warn of every text of which the model does not read or know enough."""
        for step in transforms_of(self.pipeline, TokenizeExpression):
            for text in dict.fromkeys(text for group in texts for text in group):
                for warning in text_warnings(text, step):
                    print_log(warning, logger='current', level=logging.WARNING)

    @cached_property
    def visualizer(self) -> Any:
        """What draws the pictures; matplotlib is slow to import."""
        from segvg.visualization import GroundingVisualizer
        return GroundingVisualizer()

    @torch.inference_mode()
    def predict(self, images: Sequence[np.ndarray],
                texts: Sequence[Sequence[str]],
                phrases: Optional[Sequence[str]] = None
                ) -> list[list[GroundingDataSample]]:
        """Return the samples with ``pred_instances`` of each image.

        Args:
            images: I arrays (H0, W0, 3) uint8 RGB.
            texts: the expressions of each image, at least one.
            phrases: parts of every text, or None.
        """
        packed = [self.pipeline(dict(
            start_record(image), instances=[],
            expressions=[self._expression(text, phrases) for text in group]))
            for image, group in zip(images, texts)]
        batch = {key: [item[key] for item in packed] for key in packed[0]}
        samples = [sample.cpu() for sample in self.model.test_step(batch)]
        if self.mask_parts:
            for sample in samples:
                sample.pred_instances = split_mask_parts(sample.pred_instances)
        rest = iter(samples)
        return [[next(rest) for _ in group] for group in texts]

    def _expression(self, text: str, phrases: Optional[Sequence[str]]) -> dict:
        """Return the record of a text with its phrases, if the model reads phrases."""
        kinds = {type(step).__name__ for step in self.pipeline.transforms}
        if phrases is None and 'TokenizePhrases' in kinds:
            phrases = noun_phrases(text)
        if phrases is None:
            return dict(text=text, targets=[])
        if not kinds.intersection(PHRASE_TRANSFORMS):
            raise ValueError('this config finds whole texts; phrases need a test '
                             f'pipeline with one of {", ".join(PHRASE_TRANSFORMS)}')
        return dict(text=text, targets=[], phrases=locate_phrases(text, phrases))


def text_warnings(text: str, step: TokenizeExpression) -> Iterator[str]:
    """Yield what is lost when a text becomes tokens: its end, or most of its words."""
    count = len(step.tokenizer(text, None))
    if count > step.max_length:
        yield (f'{text!r} has {count} tokens, of which the model reads '
               f'{step.max_length}: its end is cut')
    known = getattr(step.tokenizer, 'known_words', lambda text: [])(text)
    if 2 * sum(known) < len(known):
        yield (f'{len(known) - sum(known)} of the {len(known)} words of {text!r} are '
               'not in the vocabulary of the model: the answer says little')


def pick_device(device: Union[str, torch.device, None]) -> torch.device:
    """Return the named device, or a GPU if there is one, or the CPU.

    Raises:
        ValueError: torch does not know the device, or sees no GPU.
    """
    if device is None:
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device is 'cpu', 'cuda', 'cuda:1', ..., not {device!r}"
                         ) from error
    if device.type == 'cuda' and not torch.cuda.is_available():
        raise ValueError(f'device {str(device)!r} was asked for, but torch sees no GPU')
    return device


def texts_per_image(texts: Union[str, Sequence[str], Sequence[Sequence[str]]],
                    count: int) -> list[list[str]]:
    """Return a list of expressions for each of ``count`` images."""
    if isinstance(texts, str):
        texts = [texts]
    if all(isinstance(text, str) for text in texts):
        groups = [list(texts)] * count
    elif len(texts) == count and not any(isinstance(text, str) for text in texts):
        groups = [list(group) for group in texts]
    else:
        raise ValueError('texts are expressions, or one list of expressions for each '
                         f'of the {count} images; got {texts!r}')
    for group in groups:
        if not group or not all(isinstance(text, str) and text.strip()
                                for text in group):
            raise ValueError('an image needs one or more expressions that are not '
                             f'empty, got {group!r}')
    return groups


def check_images(images: Sequence[ImageInput]) -> None:
    """Look at every image before the first is run."""
    if not images:
        raise ValueError('no image was given')
    for image in images:
        if isinstance(image, np.ndarray):
            if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
                raise ValueError('an image is an (H, W, 3) uint8 array in RGB order, '
                                 f'not {image.shape} {image.dtype}')
        elif not Path(image).is_file():
            raise FileNotFoundError(f'image {image} does not exist')
