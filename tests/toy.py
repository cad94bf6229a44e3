"""Small data and small versions of real configs, for tests."""
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Iterator, Optional

import numpy as np
from mmengine.config import Config
from mmengine.runner import loops
from PIL import Image

from segvg.annotations.canonical import CanonicalWriter
from segvg.utils.configs import load
from segvg.utils.fast_config_dump import use_plain_text

use_plain_text()  # configs are dumped before a runner is built, too
# Each time its data are used up, a training by iterations sleeps for two seconds.
loops.time = SimpleNamespace(sleep=lambda seconds: None)

ROOT = Path(__file__).parents[1]
#: Configs of what is trained.
CONFIGS = sorted(
    path for path in (ROOT / 'configs').glob('*/*.py')
    if path.parent.name not in ('_base_', 'foundation'))
WORDS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'red', 'green', 'blue',
         'box', 'left', 'right')
COLOURS = dict(red=(220, 40, 40), green=(40, 200, 60), blue=(50, 80, 220))

#: Key of a model config -> its toy value.
SMALL = dict(depth=18, base_channels=8, in_channels=64, channels=32, text_channels=32,
             phrase_channels=32, image_channels=32, num_layers=2, heads=4, hidden=64,
             num_image_tokens=4)


def make_data(root: Path, images: int = 4, splits: tuple = ('train', 'val'),
              seed: int = 0) -> Path:
    """Write images of 60 x 48 with two boxes each, three sentences an image.

    Data of one seed share pictures: some of a larger set are those of a smaller one.

    Returns:
        The folder, with ``toy_<split>.jsonl``, ``images/`` and ``vocab.txt``.
    """
    random = np.random.RandomState(seed)
    (root / 'images').mkdir(parents=True)
    (root / 'vocab.txt').write_text('\n'.join(WORDS) + '\n')
    with CanonicalWriter(root, 'toy', dict(dataset='toy')) as writer:
        for split in splits:
            for number in range(images):
                writer.write(_line(root, split, number, random))
    make_captions(root, splits)
    return root


def make_captions(root: Path, splits: tuple = ('train', 'val')) -> None:
    """Write ``captions_<split>.jsonl``: a sentence with two phrases an image."""
    with CanonicalWriter(root, 'captions', dict(dataset='captions')) as writer:
        for split in splits:
            for text in (root / f'toy_{split}.jsonl').read_text().splitlines():
                line = json.loads(text)
                first, second = (expr['text'] for expr in line['exprs'][:2])
                caption = f'{first} left {second}'
                spans = [[0, len(first)], [len(first) + 6, len(caption)]]
                line['exprs'] = [dict(
                    id=0, text=caption, caption=True, targets=[], src=[0, 0],
                    phrases=[dict(span=[span], targets=[i], types=['other'])
                             for i, span in enumerate(spans)])]
                writer.write(line)


def _line(root: Path, split: str, number: int, random: np.random.RandomState) -> dict:
    """Draw an image and return its group line."""
    canvas = np.full((48, 60, 3), 128, np.uint8)
    names = random.permutation(list(COLOURS))[:2]
    instances, exprs = [], []
    for side, name in enumerate(names):
        x, y = 3 + 30 * side + random.randint(6), random.randint(3, 20)
        w, h = random.randint(10, 18), random.randint(12, 24)
        canvas[y:y + h, x:x + w] = COLOURS[name]
        instances.append(dict(
            id=side, bbox=[float(v) for v in (x, y, x + w, y + h)], category_id=1,
            segm=dict(poly=[[float(v) for v in (x, y, x + w, y, x + w, y + h, x,
                                                y + h)]])))
        exprs.append(dict(id=len(exprs), ref_id=side, text=f'the {name} box',
                          targets=[side], src=[0, 0]))
    exprs.append(dict(id=2, ref_id=0, text='left box', targets=[0], src=[0, 0]))
    file = f'{split}_{number}.png'
    Image.fromarray(canvas).save(root / 'images' / file)
    return dict(image=dict(id=f'file:{file}', file=file, width=60, height=48),
                split=split, instances=instances, exprs=exprs)


def shrink(node: Any, data: Path) -> None:
    """Make every part below a config node small and take its weights away."""
    for part in parts_of(node):
        shrink_part(part)
        use_local_files(part, data)


def parts_of(node: Any) -> Iterator[dict]:
    """Yield every dict of a config, a parent before its children."""
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, (dict, list)):
            yield from parts_of(value)


def use_local_files(part: dict, data: Path) -> None:
    """Replace what a part would read by what ``make_data`` wrote."""
    part.pop('init_cfg', None)
    if part.get('type') in ('BytePairTokenizer', 'HuggingFaceTokenizer',
                            'SentencePieceTokenizer'):
        part['type'] = 'WordPieceTokenizer'
    if part.get('type') in ('WordPieceTokenizer', 'CutWordPieceTokenizer',
                            'WordTokenizer'):
        part['vocab'] = str(data / 'vocab.txt')


def small_settings(config: dict) -> dict:
    """Return settings of a small encoder of transformers of the same architecture."""
    kind = config['model_type']
    if kind == 'mobilenet_v2':  # as many channels as the ResNet
        return dict(model_type=kind, depth_multiplier=0.05, finegrained_output=False)
    if 'convnext' in kind:
        return dict(model_type=kind, hidden_sizes=[32, 64, 128, 256],
                    depths=[1, 1, 1, 1])
    small = dict(model_type=kind, num_hidden_layers=2, num_attention_heads=4,
                 intermediate_size=64, hidden_size=32)
    if kind in ('dinov3_vit', 'siglip_vision_model'):  # as many channels as the ResNet
        return dict(small, hidden_size=64, image_size=64, patch_size=32)
    return dict(small, vocab_size=len(WORDS), projection_size=32, pad_token_id=0,
                bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3)


def shrink_part(node: dict) -> None:
    """Make one part small."""
    wide = node.get('channels')
    for key, value in SMALL.items():
        if key in node and isinstance(node[key], int):
            node[key] = value
    kind = node.get('type')
    if kind == 'ResNet':
        node['base_channels'] = 8
    elif kind in ('LanguageTransformer', 'PooledTransformer'):
        node['config'] = dict(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=64, vocab_size=len(WORDS), max_position_embeddings=64)
    elif kind in ('HuggingFaceBackbone', 'HuggingFaceTextEncoder'):
        node['config'] = small_settings(node['config'])
    elif kind == 'SentenceEncoder':
        node['channels'] = 64 if wide == 1280 else 256  # as the last map
    elif kind == 'PadToDivisor':
        node['divisor'] = 32
    elif kind == 'DarkNet53':
        node['repeats'] = (1, ) * 6
    elif kind in ('GatedProduct', 'SentenceTokenProduct'):
        several = len(node.get('map_channels', (0, ) * 3)) > 1
        node['map_channels'] = (64, 128, 256) if several else (64, )
    elif kind == 'WordVectorGRU':
        node.update(vocab_size=len(WORDS), hidden_channels=128)
    elif kind in ('PlaceOnCanvas', 'ResizeLongEdge', 'LargeScaleJitter',
                  'ResizeExact'):
        node['size'] = 64
    elif kind == 'Resize':
        side = 'long' if 'long' in node else 'short'
        node[side] = 64 if isinstance(node[side], int) else [64, 56, 48]
    elif kind == 'ResizeShortEdge':
        node['short'] = 64 if isinstance(node['short'], int) else [64, 56, 48]
        if node.get('max_long'):
            node['max_long'] = 72
    elif kind == 'MidFeatureEncoder':
        node['mid_channels'] = (16, 32, 64)
    elif kind in ('AttentionMaskBranch', 'JointMaskBranch'):
        node['map_channels'] = (32, 16, 8)
    elif kind == 'BEiT3':
        node.update(image_size=64, vocab_size=len(WORDS))
    elif kind == 'MaskPyramid':
        node['in_channels'] = 32
    elif kind == 'ReLA':
        node['frozen'] = ['language_encoder.embeddings', 'language_encoder.layers.1']
    elif kind == 'LanguageSwin':
        node.update(depths=(1, 1, 2, 1), heads=(2, 2, 2, 2), window=4)
    elif kind == 'PixelDecoder':
        first, last = node['in_channels'][0], node['in_channels'][-1]
        small = 8 if first == 256 else 32  # of a ResNet, or a Swin
        node['in_channels'] = ((32, ) * 4 if first == last  # of a pyramid
                               else tuple(small * 2**i for i in range(4)))
    elif kind in ('RandomSizeCrop', 'FreeSizeCrop'):
        node.update(min_size=36, max_size=50)


def toy_config(path: Path, data: Path, work_dir: Path,
               options: Optional[dict] = None) -> Config:
    """Return a published config with toy sizes, on the data of ``make_data``."""
    cfg = load(path, options)
    if 'tiny' in cfg.filename or 'synthref' in cfg.filename:  # small enough already
        for part in parts_of(cfg._cfg_dict):
            use_local_files(part, data)
    else:
        shrink(cfg._cfg_dict, data)
    for loader, split in (('train_dataloader', 'train'), ('val_dataloader', 'val'),
                          ('test_dataloader', 'val')):
        cfg[loader].update(batch_size=2, num_workers=0, persistent_workers=False)
        for dataset in cfg[loader].dataset.get('datasets', [cfg[loader].dataset]):
            by_caption = dataset.get('sample_by') == 'caption'
            name = 'captions' if by_caption else 'toy'
            dataset.update(
                data_root=str(data), ann_file=f'{name}_{split}.jsonl',
                data_prefix=dict(img='images'))
    if cfg.train_cfg.type == 'IterBasedTrainLoop':
        cfg.train_cfg.update(max_iters=6, val_interval=6)
    else:
        cfg.train_cfg.max_epochs = 1
    cfg.load_from = None
    cfg.work_dir = str(work_dir)
    for hook in cfg.get('custom_hooks') or ():
        if hook['type'] == 'FeatureCacheHook':
            hook['cache_dir'] = str(work_dir / 'features')
    cfg.launcher = 'none'
    cfg.log_level = 'ERROR'
    cfg.default_hooks.logger.interval = 1
    cfg.visualizer.update(vis_backends=[], name=f'toy_{path.stem}_{work_dir.name}')
    cfg.randomness = dict(seed=0)
    return cfg
