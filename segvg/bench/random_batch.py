"""Random images, boxes and words for measurements: no file is needed."""
import zlib
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from torch import nn

from segvg.datasets import collate_grounding
from segvg.utils.configs import find_dicts, find_pipeline, without_transforms

IMAGE_SHAPE = (480, 640)  # the commonest in COCO
FIRST_WORD = 3  # ids below may stand for padding


def random_batch(cfg: Config, model: nn.Module, loader: str, batch_size: int,
                 expressions: int) -> dict:
    """Return packed samples of random images, boxes and words, as a loader gives them.

    They pass through the pipeline of the loader, so that targets and canvas are those
    of the config; only the tokenizer, which may need a file, is replaced.
    """
    steps = without_transforms(find_pipeline(cfg, loader), ['LoadImageFromFile'])
    draw_words(steps, model)
    pipeline = Compose(steps)
    packed = [pipeline(random_record(expressions)) for _ in range(batch_size)]
    return collate_grounding(packed)


def draw_words(steps: Any, model: nn.Module) -> None:
    """Replace the tokenizers by one of random words, the same for the same text."""
    encoder = getattr(model, 'language_encoder', model)
    words = next(part for part in encoder.modules() if isinstance(part, nn.Embedding))

    def tokenize(text: str, max_length: int) -> np.ndarray:
        random = np.random.default_rng(zlib.crc32(text.encode()))
        return random.integers(FIRST_WORD, words.num_embeddings, max_length)

    for step in find_dicts(steps, 'tokenizer'):
        step['tokenizer'] = tokenize


def random_record(expressions: int) -> dict:
    """Return a record with a random image and a target for every expression."""
    height, width = IMAGE_SHAPE
    instances, asked = [], []
    for number in range(expressions):
        x1, y1 = np.random.uniform(0, width / 2), np.random.uniform(0, height / 2)
        x2, y2 = x1 + width / 3, y1 + height / 3
        instances.append(dict(bbox=[x1, y1, x2, y2], ann_id=number,
                              mask=dict(poly=[[x1, y1, x2, y1, x2, y2, x1, y2]])))
        asked.append(dict(text=f'object {number}', targets=[number], no_target=False,
                          expr_idx=number))
    image = np.random.randint(0, 256, (height, width, 3), dtype=np.uint8)
    return dict(img=image, img_shape=IMAGE_SHAPE, ori_shape=IMAGE_SHAPE, flip=False,
                scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0), instances=instances,
                expressions=asked, img_path='random')
