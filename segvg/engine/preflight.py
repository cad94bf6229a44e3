"""Look for the files of a config before anything is built from it."""
from pathlib import Path
from typing import Iterator, Sequence

from mmengine.config import Config

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.sources import prepare_command
from segvg.utils.configs import find_dicts


def is_hub_name(name: str) -> bool:
    """Return whether a name can be that of a model on a hub (``bert-base-uncased``)."""
    return not Path(name).is_absolute() and not name.startswith('.') and len(
        Path(name).parts) <= 2 and not Path(name).suffix


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
                yield f'language model {path}/\n    {fetch_command(path)}'


def weights_command(init: dict) -> str:
    """Return how the weights of an ``init_cfg`` are made."""
    path = init['checkpoint']
    if init.get('type') == 'WordVectors':
        return vocabulary_command(path)
    if init.get('type') == 'DarkNetWeights':
        return 'data/README.md says where DarkNet weights come from'
    kinds = (kind for kind in ('resnet', 'swin') if Path(path).name.startswith(kind))
    method = next(kinds, 'detr')
    return f'made by: python tools/convert_checkpoint.py {method} DOWNLOADED {path}'


def vocabulary_command(path: str) -> str:
    """Return the command that makes a vocabulary of whole words and its vectors."""
    stem = Path(path).with_suffix('')
    return (f'made by: python tools/build_vocab.py '
            f'data/annotations/{stem.name}_*.jsonl --glove GLOVE --out {stem}')


def fetch_command(folder: str) -> str:
    """Return the command that fetches a language model into a folder."""
    name, owner, files = Path(folder).name, 'google-bert', 'vocab.txt'
    if 'roberta' in name:
        owner, files = 'FacebookAI', 'vocab.json merges.txt'
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
        yield f'vocabulary {vocab}\n    {remedy}'


def check_files(cfg: Config, loaders: Sequence[str], pretrained: bool) -> None:
    """Raise one error that names every missing file and how to get it.

    Args:
        cfg: a whole config.
        loaders: keys of the data loaders that will be used.
        pretrained: whether the model starts from its ``init_cfg``.

    Raises:
        FileNotFoundError: something is missing.
    """
    missing: dict[str, None] = {}
    if pretrained:
        missing.update(dict.fromkeys(missing_weights(cfg.model)))
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
