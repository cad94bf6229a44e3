"""Missing files are named before anything is built."""
import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from segvg.engine.preflight import (
    check_files,
    check_normalization,
    is_hub_name,
    missing_compiler,
)
from segvg.utils.errors import InputError
from tests.toy import ROOT, make_data, toy_config

SEGVG = ROOT / 'configs/segvg/segvg_refcoco.py'


@pytest.fixture
def cfg(tmp_path):
    return toy_config(SEGVG, make_data(tmp_path / 'data'), tmp_path / 'work')


def missing(cfg, loaders=('train_dataloader', 'val_dataloader'),
            pretrained=True) -> str:
    with pytest.raises(FileNotFoundError) as error:
        check_files(cfg, loaders, pretrained)
    return str(error.value)


def test_whole_data_passes(cfg):
    check_files(cfg, ('train_dataloader', 'val_dataloader', 'test_dataloader'), True)


def test_published_config_names_all_with_remedies(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = missing(Config.fromfile(SEGVG))
    for part in ('weights data/pretrained/detr_r101_unc.pth',
                 'tools/convert_checkpoint.py detr',
                 'language model data/pretrained/bert-base-uncased', 'hf download',
                 'annotations data/annotations/refcoco_unc_train.jsonl',
                 'tools/prepare_data.py refer_refcoco data/refer/refcoco',
                 'annotations data/annotations/refcoco_unc_val.jsonl',
                 'images in data/coco/train2014', 'vocabulary', 'data/README.md',
                 'tools/demo.sh'):
        assert part in told


def test_weights_matter_only_to_a_fresh_start(cfg):
    cfg.model.image_encoder.init_cfg = dict(
        type='StrictPretrained', checkpoint='no.pth')
    assert 'weights no.pth' in missing(cfg)
    check_files(cfg, ('train_dataloader',), pretrained=False)


def test_missing_annotations(cfg):
    cfg.val_dataloader.dataset.ann_file = 'toy_testZ.jsonl'
    assert 'toy_testZ.jsonl' in missing(cfg)
    check_files(cfg, ('train_dataloader',), True)


def test_missing_image_folder_and_image(cfg):
    data = Path(cfg.train_dataloader.dataset.data_root)
    (data / 'images' / 'train_0.png').unlink()
    assert 'train_0.png, the first of' in missing(cfg)
    shutil.rmtree(data / 'images')
    assert f'images in {data}/images/' in missing(cfg)


def test_missing_vocabulary(cfg):
    vocab = Path(cfg.train_dataloader.dataset.data_root) / 'vocab.txt'
    vocab.unlink()
    assert f'vocabulary {vocab}' in missing(cfg)


def test_what_beit3_needs_is_told(cfg):
    cfg.model.image_encoder.init_cfg = dict(
        type='BEiT3Pretrained', checkpoint='no/beit3_base_patch16_224.pth')
    words = next(step for step in cfg.train_dataloader.dataset.pipeline
                 if 'tokenizer' in step)
    words.tokenizer = dict(type='SentencePieceTokenizer', vocab='no/folder/beit3.spm')
    told = missing(cfg)
    assert 'convert_checkpoint.py beit3 DOWNLOADED no/beit3_base' in told
    assert 'beit3.spm of linhuixiao/OneRef' in told


@pytest.mark.parametrize('name, is_hub', [
    ('bert-base-uncased', True), ('google-bert/bert-base-uncased', True),
    ('data/pretrained/bert-base-uncased', False), ('./bert', False),
    ('/models/bert', False), ('data/vocab.txt', False)])
def test_hub_names_are_told_from_paths(name, is_hub):
    assert is_hub_name(name) is is_hub


def test_vocabulary_of_a_shared_pipeline_is_looked_for(cfg, tmp_path):
    dataset = cfg.train_dataloader.dataset
    pipeline = dataset.pop('pipeline')
    words = next(step for step in pipeline if 'tokenizer' in step)
    words.tokenizer.vocab = 'no/vocab.txt'
    cfg.train_dataloader.dataset = dict(
        type='JoinedDataset', datasets=[dataset], pipeline=pipeline)
    assert 'vocabulary no/vocab.txt' in missing(cfg)


def test_pixels_normalized_otherwise_than_an_encoder_has_learned(tmp_path):
    folder = tmp_path / 'siglip'
    folder.mkdir()
    backbone = dict(type='HuggingFaceBackbone', config=dict(model_type='dinov2'),
                    init_cfg=dict(type='HuggingFacePretrained', name=str(folder)))
    model = dict(image_encoder=dict(type='DETREncoder', backbone=backbone))
    check_normalization(model)  # the folder does not say
    file = folder / 'preprocessor_config.json'
    file.write_text('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}')
    message = (r'with mean .0.485, 0.456, 0.406. .* trained with mean .0.5, 0.5, 0.5. '
               r'.*siglip.preprocessor_config.json.: set mean and std')
    with pytest.raises(ValueError, match=message):
        check_normalization(model)
    with pytest.raises(ValueError, match=message):
        check_normalization(dict(image_encoder=dict(
            type='segvg.HuggingFaceBackbone', config=str(folder))))
    model['data_preprocessor'] = dict(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    check_normalization(model)
    file.write_text('{"do_normalize": false}')
    with pytest.raises(ValueError, match=r'trained with mean \[0.0, 0.0, 0.0\]'):
        check_normalization(model)


@pytest.mark.parametrize('backend, package', [
    ('TensorboardVisBackend', 'tensorboard'), ('WandbVisBackend', 'wandb'),
    ('MLflowVisBackend', 'mlflow')])
def test_package_for_logs_is_looked_for(cfg, monkeypatch, backend, package):
    from segvg.engine import preflight
    monkeypatch.setattr(preflight, 'find_spec', lambda name: None)
    cfg.visualizer.vis_backends = [
        dict(type='LocalVisBackend'), dict(type=f'mmengine.{backend}')]
    told = missing(cfg)
    assert f'package {package}, which {backend} of visualizer.vis_backends' in told
    assert f'pip install {package}' in told


@pytest.mark.parametrize('chosen, needed', [
    (True, True), ({}, True), (dict(backend='inductor'), True), (False, False),
    (dict(backend='eager'), False)])
def test_compiler_of_torch_compile_is_looked_for(chosen, needed, cfg, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setenv('CXX', '/nowhere/c++')
    cfg.compile = chosen
    if needed:
        assert 'C++ compiler /nowhere/c++, which torch.compile needs' in missing(cfg)
        monkeypatch.setenv('CXX', sys.executable)
    assert not list(missing_compiler(cfg))


def test_store_that_mlflow_refuses_is_told(cfg, monkeypatch):
    from segvg.engine import preflight
    monkeypatch.delenv('MLFLOW_ALLOW_FILE_STORE', raising=False)
    monkeypatch.setattr(preflight, 'find_spec', lambda name: True)
    monkeypatch.setattr(preflight.metadata, 'version', lambda name: '3.17.2')
    backend = dict(type='MLflowVisBackend')
    cfg.visualizer.vis_backends = [backend]
    assert "'tracking_uri': 'sqlite:///mlflow.db'" in missing(cfg)
    backend['tracking_uri'] = 'sqlite:///logs.db'
    cfg.visualizer.vis_backends = [backend]
    assert list(preflight.missing_packages(cfg)) == []
    monkeypatch.setattr(preflight.metadata, 'version', lambda name: '2.22.5')
    assert not preflight.refuses_folders(dict(type='MLflowVisBackend'))


def test_checkpoint_to_begin_with_is_looked_at(cfg, tmp_path):
    cfg.load_from = str(tmp_path / 'half.pth')
    torch.save(dict(a=torch.ones(9)), cfg.load_from)
    check_files(cfg, ['train_dataloader'], pretrained=False)
    with open(cfg.load_from, 'r+b') as stream:
        stream.truncate(300)
    with pytest.raises(InputError, match='half.pth cannot be read as a checkpoint'):
        check_files(cfg, ['train_dataloader'], pretrained=False)
