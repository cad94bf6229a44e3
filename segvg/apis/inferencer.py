"""GroundingInferencer: run a trained grounder on any images."""
import logging
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.logging import print_log
from mmengine.registry import DefaultScope

from segvg.apis.answers import Answers, ImageAnswers
from segvg.apis.inputs import (
    CHANNEL_ORDERS,
    ImageInput,
    Question,
    Texts,
    check_images,
    list_questions,
    path_of,
    read_input,
)
from segvg.apis.model_source import ModelSource, find_model
from segvg.apis.phrases import (
    PHRASE_TRANSFORMS,
    SPACY_MODEL,
    locate_phrases,
    noun_phrases,
    split_phrases,
)
from segvg.apis.predictions import AnswerFiles, describe
from segvg.checkpoints.published import load_model
from segvg.datasets.text_report import transforms_of
from segvg.datasets.transforms import TokenizeExpression
from segvg.engine.preflight import missing_vocabularies
from segvg.engine.speed import use_precision
from segvg.evaluation.thresholds import answer_rule
from segvg.export.run import ExportedGrounder
from segvg.models.inference import prepare_inference
from segvg.registry import INFERENCERS, MODELS
from segvg.structures import GroundingDataSample
from segvg.structures.answers import AnswerRule, split_mask_parts
from segvg.structures.images import BrokenImageError
from segvg.utils.configs import drop_init, find_pipeline, without_transforms
from segvg.utils.progress import with_progress

# Transforms that read files and annotations; here the caller gives both.
LOADING = ('LoadImageFromFile', 'LoadGroundingAnnotations')


class DrawSettings(NamedTuple):
    """Whether and how answers are drawn: see ``GroundingInferencer.__call__``."""
    wanted: bool
    together: bool
    show: bool
    wait_time: float


def start_record(image: np.ndarray) -> dict:
    """Return the record that ``LoadImageFromFile`` makes of (H0, W0, 3) uint8 RGB."""
    shape = image.shape[:2]
    return dict(img=image, img_shape=shape, ori_shape=shape, flip=False,
                scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0))


@INFERENCERS.register_module()
class GroundingInferencer:
    """A trained grounder, ready to be called with images and expressions.

    An image is encoded once for all its expressions, and passes the config's test
    pipeline. Weights are read without running code from the file and have to fit the
    model. Only a model that is given by its name is downloaded.

    A model for generalized grounding, whose config has a metric of that task, answers
    with all its targets, or that the image has no target, by the rule and threshold of
    that metric. Any other model answers with its best prediction.

    Example::

        ground = GroundingInferencer('configs/segvg/segvg_refcoco.py', 'segvg.pth')
        ground = GroundingInferencer('instancevg-b-refcoco')  # a published model
        found = ground('street.jpg', ['left man', 'the red car'])['predictions'][0]

    Args:
        model: path of a config, or a config, ``segvg::METHOD/NAME.py`` for one of the
            package; None for the config that the checkpoint holds. Without weights: the
            name of a published model (``segvg download --list``), a folder of
            ``HubModel`` or its name on the Hugging Face hub, fetched on first use; or
            the result of ``find_model``.
        weights: path of a checkpoint of that config, or of the manifest
            (``NAME.export.json``) of a model that ``tools/export_model.py`` wrote; for
            a foundation model its folder, or its name on the hub.
        device: device to run on. None: a GPU if one is available, else the CPU. An
            exported model always runs on the CPU.
        mask_parts: treat each connected part of a predicted mask as a target, for
            models that predict one mask for all targets (an extension: objects that
            touch count as one).
        on_broken_image: ``'error'``, or ``'skip'``: warn of an image that cannot be
            read, note it in ``skipped``, give it no predictions and continue with
            the next one.
        longest_side: largest width or height of a drawn image in pixels; larger images
            are drawn smaller. None: that of ``GroundingVisualizer``; 0: no limit.
        phrase_model: name or folder of the spaCy model that finds noun phrases when a
            model for phrases is called without phrases.
        dtype: type of matrix products and convolutions, ``'float32'``, ``'bfloat16'``
            or ``'float16'``. None: float32, which a GPU with TF32 may round.
        compiled: compile the model, which takes minutes once.
        folded: fold batch normalizations into convolutions and use the memory format
            channels last: faster, and equal up to rounding.

    Raises:
        FileNotFoundError: the config, checkpoint or vocabulary does not exist.
        ValueError: the checkpoint belongs to another model, holds no config or cannot
            be read safely, the config has no test pipeline, the device does not
            exist, or ``dtype``, ``compiled`` or ``folded`` is given for an exported
            model.
    """

    def __init__(self, model: Union[str, Path, Config, ModelSource, None],
                 weights: Union[str, Path, None] = None,
                 device: Union[str, torch.device, None] = None, *,
                 mask_parts: bool = False, on_broken_image: str = 'error',
                 longest_side: Optional[int] = None,
                 phrase_model: str = SPACY_MODEL, dtype: Optional[str] = None,
                 compiled: bool = False, folded: bool = False) -> None:
        if on_broken_image not in ('error', 'skip'):
            raise ValueError("on_broken_image is 'error' or 'skip', not "
                             f'{on_broken_image!r}')
        self.on_broken_image = on_broken_image
        self.longest_side = longest_side
        self.phrase_model = phrase_model
        self.skipped: dict[str, str] = {}  # path of an image -> why it was skipped
        if not isinstance(model, ModelSource):
            model = find_model(model, weights)
        if model.is_exported and (dtype not in (None, 'float32') or compiled or folded):
            raise ValueError('an exported model runs as it was exported, in float32: '
                             'dtype, compiled and folded are for checkpoints')
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
            load_model(self.model, model.content, model.weights)
        # Some heads predict masks only when this is set.
        if hasattr(getattr(self.model, 'head', None), 'predict_masks'):
            self.model.head.predict_masks = True
        self.model.to(device).eval()
        if not model.is_exported:
            if folded:
                prepare_inference(self.model)
            use_precision(self.model, dtype, compiled=compiled)

    def __call__(self, inputs: Union[ImageInput, Sequence[ImageInput]],
                 texts: Optional[Texts] = None, out_dir: Union[str, Path] = '', *,
                 return_vis: bool = False, batch_size: int = 1,
                 phrases: Optional[Sequence[str]] = None,
                 score_thr: Optional[float] = None, channel_order: str = 'rgb',
                 together: bool = False, show: bool = False, wait_time: float = 0,
                 show_progress: bool = False) -> Answers:
        """Ground expressions in images.

        Args:
            inputs: one or many images, each a path, a folder, a pattern, an address of
                http or https, an image of Pillow or (H0, W0, 3) uint8; or a file of
                lines ``{"image": ..., "text": ...}``, see ``list_questions``. Files and
                images of Pillow are turned upright by their EXIF orientation.
            texts: expressions asked of every image, or a list of them for each image.
                None: those in the file of lines.
            out_dir: folder for a picture of each expression and ``predictions.json``.
                Both are written during the run, so that the answers so far are kept
                when it is stopped.
            return_vis: whether to return the pictures.
            batch_size: number of images, each with all its expressions, that are run
                at a time.
            phrases: parts of every text; each has an answer of its own, all from one
                pass. None: noun phrases for a model for phrases, else the whole text.
            score_thr: predictions with a lower score are ignored; if none is left, the
                answer is that the image has no target. None: the threshold of the
                config for a model for generalized grounding, else no threshold.
            channel_order: order of the channels of arrays, ``'rgb'``, or ``'bgr'`` as
                of OpenCV and mmcv.
            together: draw all answers about an image on one picture, numbered.
            show: whether to show each picture in a window.
            wait_time: seconds a window waits for a key, 0 = until one is pressed.
            show_progress: whether to show a progress bar if stderr is a terminal.

        Returns:
            ``predictions``: for each image an ``ImageAnswers``, a list of ``dict(text,
            bbox, score, mask, no_target)``, one per expression or phrase: the best box
            ``[x1, y1, x2, y2]`` in pixels of the image, its score and its mask as a
            run-length code, each None if missing; ``no_target`` is whether nothing was
            found. A model for generalized grounding adds ``targets``, all boxes with
            score and mask, and ``no_target_score``. ``to_supervision``, ``to_coco`` and
            ``masks`` convert them for other programs; see ``segvg.apis.answers``.
            ``visualization``: with ``return_vis``, for each image a list of pictures
            (H', W', 3) uint8 RGB.

        Raises:
            FileNotFoundError: an image does not exist.
            ValueError: an image cannot be read, the number of lists of texts is not
                the number of images, or the value of an option is not allowed.
            InputError: ``show`` is set, but no window can be opened here.
        """
        check_options(batch_size=batch_size, channel_order=channel_order,
                      score_thr=score_thr)
        questions = list_questions(inputs, texts)
        check_images([question.image for question in questions],
                     missing_too=self.on_broken_image == 'error')
        if show:
            from segvg.visualization.window import require_display  # slow: matplotlib
            require_display()
        self._warn_of_texts([question.texts for question in questions])
        drawing = DrawSettings(bool(return_vis or out_dir or show), together, show,
                               wait_time)
        grounded = self._grounded(questions, batch_size, phrases, channel_order)
        if show_progress:
            grounded = with_progress(grounded, 'images', len(questions))
        result = Answers(predictions=[], visualization=[])
        with AnswerFiles(out_dir) if out_dir else nullcontext() as files:
            for number, (array, group) in enumerate(grounded):
                image = questions[number].image
                found, drawn = self._answer(image, array, group, score_thr, drawing)
                if files is not None:
                    files.add(image, number, found, drawn, together=together)
                result['predictions'].append(found)
                if return_vis:
                    result['visualization'].append(drawn)
        return result

    def _answer(self, image: ImageInput, array: Optional[np.ndarray],
                samples: Sequence[GroundingDataSample], score_thr: Optional[float],
                drawing: DrawSettings) -> tuple[ImageAnswers, list[np.ndarray]]:
        """Return the answers about an image and their pictures."""
        rule = self.rule
        if score_thr is not None and rule is not None:
            rule = rule._replace(score_threshold=score_thr)
        elif score_thr is not None:
            drop_below(samples, score_thr)
        shape = (0, 0) if array is None else array.shape[:2]
        found = ImageAnswers([describe(sample, rule) for sample in samples],
                             image=path_of(image), size=shape)
        if array is None or not drawing.wanted:
            return found, []
        return found, self._draw(array, samples, rule, drawing)

    def _draw(self, array: np.ndarray, samples: Sequence[GroundingDataSample],
              rule: Optional[AnswerRule], drawing: DrawSettings) -> list[np.ndarray]:
        """Return the pictures (H', W', 3) uint8 of an image (H0, W0, 3)."""
        if drawing.together:
            from segvg.visualization.together import draw_together  # slow: matplotlib
            drawn = [draw_together(array, samples, rule=rule,
                                   longest_side=self.visualizer.longest_side)]
        else:
            drawn = [self.visualizer.draw(array, sample, rule=rule)
                     for sample in samples]
        for picture in drawn if drawing.show else ():
            self.visualizer.show(picture, wait_time=drawing.wait_time)
        return drawn

    def _grounded(self, questions: Sequence[Question], batch_size: int,
                  phrases: Optional[Sequence[str]], channel_order: str
                  ) -> Iterator[tuple[Optional[np.ndarray], list[GroundingDataSample]]]:
        """Yield every image with a sample for each of its expressions or phrases.

        An image that is skipped is None and has no samples.
        """
        for start in range(0, len(questions), batch_size):
            batch = questions[start:start + batch_size]
            arrays = [self._load(question.image, channel_order) for question in batch]
            loaded = [(array, question.texts) for array, question in zip(
                arrays, batch) if array is not None]
            groups = iter(self.predict(*zip(*loaded), phrases) if loaded else ())
            for array in arrays:
                yield array, [] if array is None else [
                    part for sample in next(groups) for part in split_phrases(sample)]

    def _load(self, image: ImageInput, channel_order: str) -> Optional[np.ndarray]:
        """Return an image as (H0, W0, 3) uint8 RGB, None where it is skipped."""
        try:
            return read_input(image, channel_order)
        except BrokenImageError as error:
            if self.on_broken_image == 'error':
                raise
            self.skipped[str(path_of(image))] = str(error)
            print_log(f'skipped: {error}', logger='current', level=logging.WARNING)
            return None

    def _warn_of_texts(self, texts: Sequence[Sequence[str]]) -> None:
        """Warn of texts whose end is cut or whose words are mostly unknown."""
        for text in dict.fromkeys(text for group in texts for text in group):
            for warning in self.warnings_of(text):
                print_log(warning, logger='current', level=logging.WARNING)

    def warnings_of(self, text: str) -> Iterator[str]:
        """Yield a warning if the end of a text is cut or its words are unknown."""
        for step in transforms_of(self.pipeline, TokenizeExpression):
            yield from text_warnings(text, step)

    @cached_property
    def reads_phrases(self) -> bool:
        """Whether the model can answer each phrase of a caption."""
        return not self._transforms.isdisjoint(PHRASE_TRANSFORMS)

    @cached_property
    def needs_phrases(self) -> bool:
        """Whether the model answers phrases only, never a whole text."""
        return 'TokenizePhrases' in self._transforms

    @cached_property
    def _transforms(self) -> set[str]:
        """Names of the transforms of the pipeline."""
        return {type(step).__name__ for step in self.pipeline.transforms}

    @cached_property
    def visualizer(self) -> Any:
        """Draws the pictures; made on first use, since matplotlib is slow to import."""
        from segvg.visualization import GroundingVisualizer
        if self.longest_side is None:
            return GroundingVisualizer()
        return GroundingVisualizer(longest_side=self.longest_side or None)

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
        if phrases is None and self.needs_phrases:
            phrases = noun_phrases(text, self.phrase_model)
        if phrases is None:
            return dict(text=text, targets=[])
        if not self.reads_phrases:
            raise ValueError('this config finds whole texts; phrases need a test '
                             f'pipeline with one of {", ".join(PHRASE_TRANSFORMS)}')
        return dict(text=text, targets=[], phrases=locate_phrases(text, phrases))


def check_options(*, batch_size: int, channel_order: str,
                  score_thr: Optional[float]) -> None:
    """Check the values of options of a call.

    Raises:
        ValueError: a value is not allowed.
    """
    if batch_size < 1:
        raise ValueError(f'batch_size is at least 1, not {batch_size}')
    if channel_order not in CHANNEL_ORDERS:
        raise ValueError(f'channel_order is one of {CHANNEL_ORDERS}, not '
                         f'{channel_order!r}')
    if score_thr is not None and not 0 <= score_thr <= 1:
        raise ValueError(f'score_thr is between 0 and 1, not {score_thr}')


def drop_below(samples: Sequence[GroundingDataSample], score_thr: float) -> None:
    """Remove predictions with a score below the threshold from samples."""
    rule = AnswerRule(score_threshold=score_thr)
    for sample in samples:
        found = sample.pred_instances
        sample.pred_instances = found[rule.counts(found)]


def text_warnings(text: str, step: TokenizeExpression) -> Iterator[str]:
    """Yield a warning if the end of a text is cut, or most of its words are unknown."""
    count = len(step.tokenizer(text, None))
    if count > step.max_length:
        yield (f'{text!r} has {count} tokens, of which the model reads '
               f'{step.max_length}: its end is cut')
    known = getattr(step.tokenizer, 'known_words', lambda text: [])(text)
    if 2 * sum(known) < len(known):
        yield (f'{len(known) - sum(known)} of the {len(known)} words of {text!r} are '
               'not in the vocabulary of the model: the answer is unreliable')


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
