"""Child registries of segvg; each looks up in mmengine's root what it lacks itself.

A project of a user registers with ``@MODELS.register_module()`` from here and names its
modules in ``custom_imports``.
"""
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import INFERENCERS as MMENGINE_INFERENCERS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TASK_UTILS as MMENGINE_TASK_UTILS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS
from mmengine.registry import Registry

DATASETS = Registry(
    'dataset', parent=MMENGINE_DATASETS, scope='segvg', locations=['segvg.datasets'])
TRANSFORMS = Registry(
    'transform', parent=MMENGINE_TRANSFORMS, scope='segvg',
    locations=['segvg.datasets.transforms'])
MODELS = Registry(
    'model', parent=MMENGINE_MODELS, scope='segvg', locations=['segvg.models'])
TASK_UTILS = Registry(
    'task util', parent=MMENGINE_TASK_UTILS, scope='segvg',
    locations=['segvg.datasets.tokenizers', 'segvg.models'])
WEIGHT_INITIALIZERS = Registry(
    'weight initializer', parent=MMENGINE_WEIGHT_INITIALIZERS, scope='segvg',
    locations=['segvg.models'])
METRICS = Registry(
    'metric', parent=MMENGINE_METRICS, scope='segvg', locations=['segvg.evaluation'])
HOOKS = Registry(
    'hook', parent=MMENGINE_HOOKS, scope='segvg', locations=['segvg.engine'])
VISUALIZERS = Registry(
    'visualizer', parent=MMENGINE_VISUALIZERS, scope='segvg',
    locations=['segvg.visualization'])
INFERENCERS = Registry(
    'inferencer', parent=MMENGINE_INFERENCERS, scope='segvg',
    locations=['segvg.apis'])
