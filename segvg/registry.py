"""Child registries of segvg; each looks up in mmengine's root what it lacks itself.

A project of a user registers with ``@MODELS.register_module()`` from here and names its
modules in ``custom_imports``.
"""
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Iterator, Optional

from mmengine import registry as root
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import DefaultScope, Registry

from segvg.utils.errors import InputError

# mmengine's own reader then finds ``_base_ = 'segvg::...'``, too.
MODULE2PACKAGE['segvg'] = 'segvg'
SCOPE = 'segvg'
#: Scopes of packages that segvg does not need, and what installs them.
EXTRAS = dict(mmdet="pip install 'segvg[mmdet]'", mmpretrain='pip install mmpretrain')


@contextmanager
def own_scope() -> Iterator[None]:
    """Let bare names be those of segvg within a block, whatever the default scope is.

    mmengine looks for a bare name in the default scope of the program, even when the
    registry of another package is asked. So the parts of a ``segvg.SegVG`` would be
    looked for in mmdet where ``default_scope`` is ``'mmdet'``.
    """
    scope = DefaultScope.get_current_instance()
    if scope is not None and scope.scope_name == SCOPE:
        yield
        return
    with DefaultScope.overwrite_default_scope(SCOPE):
        yield


class GroundingRegistry(Registry):
    """A registry that says how the package of a part, ``mmdet.X``, is installed.

    The package is imported when a part of it is asked for, and only then. Parts find
    each other by their bare names in every program, see ``own_scope``.
    """

    def build(self, cfg: dict, *args: Any, **kwargs: Any) -> Any:
        """Build a part; bare names, also inside it, are those of segvg."""
        with own_scope():
            return super().build(cfg, *args, **kwargs)

    def get(self, key: str) -> Optional[type]:
        """Return the class of a name.

        Raises:
            InputError: it is of a package that is not installed.
        """
        scope = key.partition('.')[0]
        if scope in EXTRAS and scope != key and find_spec(scope) is None:
            raise InputError(f'{key} is a part of {scope}, which is not installed: '
                             f'{EXTRAS[scope]}')
        if key == 'Adafactor' and self.name == root.OPTIMIZERS.name:
            from transformers import Adafactor  # see segvg.utils.mmengine_import
            return Adafactor
        return super().get(key)


def _child(parent: Registry, *locations: str) -> Registry:
    """Return segvg's child of a root registry; its modules are in ``locations``.

    One without locations gets this module: mmengine would look for a function of
    ``segvg.utils`` that imports everything.
    """
    return GroundingRegistry(parent.name, parent=parent, scope=SCOPE,
                             locations=list(locations or (__name__, )))


MODELS = _child(root.MODELS, 'segvg.models')
WEIGHT_INITIALIZERS = _child(root.WEIGHT_INITIALIZERS, 'segvg.checkpoints')
DATASETS = _child(root.DATASETS, 'segvg.datasets')
DATA_SAMPLERS = _child(root.DATA_SAMPLERS, 'segvg.datasets')
TRANSFORMS = _child(root.TRANSFORMS, 'segvg.datasets.transforms')
TASK_UTILS = _child(root.TASK_UTILS, 'segvg.datasets.tokenizers',
                    'segvg.datasets.huggingface_tokenizer',
                    'segvg.datasets.sentencepiece', 'segvg.models')
METRICS = _child(root.METRICS, 'segvg.evaluation')
HOOKS = _child(root.HOOKS, 'segvg.engine.hooks', 'segvg.leakage.provenance_hook')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    root.OPTIM_WRAPPER_CONSTRUCTORS, 'segvg.engine.optim')
OPTIM_WRAPPERS = _child(root.OPTIM_WRAPPERS, 'segvg.engine.optim')
PARAM_SCHEDULERS = _child(root.PARAM_SCHEDULERS, 'segvg.engine.optim')
FUNCTIONS = _child(root.FUNCTIONS, 'segvg.datasets')
VISUALIZERS = _child(root.VISUALIZERS, 'segvg.visualization')
VISBACKENDS = _child(root.VISBACKENDS, 'segvg.visualization.local_backend',
                     'segvg.visualization.mlflow_backend')
INFERENCERS = _child(root.INFERENCERS, 'segvg.apis')

# Nothing of segvg is in these; without them mmengine warns of a scope it cannot find.
EVALUATOR = _child(root.EVALUATOR)
LOG_PROCESSORS = _child(root.LOG_PROCESSORS)
LOOPS = _child(root.LOOPS)
MODEL_WRAPPERS = _child(root.MODEL_WRAPPERS)
OPTIMIZERS = _child(root.OPTIMIZERS)
RUNNERS = _child(root.RUNNERS)
