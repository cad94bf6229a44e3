"""What all encoders of transformers share: freezing, LoRA, memory, public weights."""
import copy
import re
from typing import Any, Iterator, Mapping, Optional

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from segvg.models.layers.graphs import without_gradients
from segvg.utils.errors import InputError

#: Names that architectures give to the list of their layers or stages.
LAYER_LISTS = ('layer', 'layers', 'stages', 'block')
#: What comes before the first layer although it stands outside the embeddings.
BEFORE_LAYERS = re.compile(r'embed|stem|shared|token|pre_layrnorm')
#: Parameters that only pre-training or the whole model uses, not its maps.
UNUSED = ('mask_token', 'swin.layernorm.weight', 'swin.layernorm.bias')


class HuggingFaceEncoder(BaseModule):
    """A model of transformers as a part of ours.

    Args:
        model: the model with random weights.
        frozen: train nothing; the model also stays in evaluation mode and keeps no
            activations.
        frozen_stages: -1: train everything; 0: not the embeddings; n: nor the first n
            layers (of a ViT or a language model) or stages (of a hierarchical model).
        norm_eval: batch normalisation keeps its statistics in training.
        gradient_checkpointing: compute the activations of a layer again in the backward
            pass instead of keeping them: less memory, a third more time.
        lora: arguments of peft's ``LoraConfig``, e.g. ``dict(r=8, lora_alpha=16,
            target_modules=['q_proj', 'v_proj'])``. Only the added matrices are trained.
        init_cfg: ``dict(type='HuggingFacePretrained', name=<folder or hub name>)``.

    Raises:
        ValueError: the architecture cannot do what is asked for.
        ImportError: ``lora`` without peft.
    """
    #: Keys that public weights may lack: those parts start at random.
    may_lack: tuple[str, ...] = ()

    def __init__(self,
                 model: Any,
                 *,
                 frozen: bool = False,
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 gradient_checkpointing: bool = False,
                 lora: Optional[Mapping[str, Any]] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        # mmengine would call transformers' method of the same name, which draws again.
        model.is_init = True
        self.model = model
        self.frozen = frozen and not lora
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        if frozen_stages > len(self.blocks):
            raise ValueError(f'frozen_stages is {frozen_stages}, but the '
                             f'{self.model_type} has {len(self.blocks)} layers')
        if gradient_checkpointing:
            if not model.supports_gradient_checkpointing:
                raise ValueError(f'{self.model_type} of transformers cannot do '
                                 'gradient checkpointing')
            model.gradient_checkpointing_enable(dict(use_reentrant=False))
        for name, parameter in model.named_parameters():
            if name.endswith(UNUSED):
                parameter.requires_grad_(False)
        if lora:
            add_lora(model, lora)
        depths = self.parameter_depths()
        for name, parameter in model.named_parameters():
            if self.frozen or depths[name] <= frozen_stages:
                parameter.requires_grad_(False)

    @property
    def model_type(self) -> str:
        """Name of the architecture in transformers."""
        return self.model.config.model_type

    @property
    def blocks(self) -> nn.ModuleList:
        """The layers or stages, from the input on."""
        return self.model.get_submodule(self._block_list())

    def _block_list(self) -> str:
        """Return the name of the outermost list of layers."""
        names = [name for name, module in self.model.named_modules()
                 if isinstance(module, nn.ModuleList)
                 and name.rpartition('.')[2] in LAYER_LISTS]
        return min(names, key=lambda name: name.count('.'))

    def parameter_depths(self) -> dict[str, int]:
        """Return the depth of each parameter of ``model`` by its name.

        0 before the first layer, n in layer n counted from 1, one more after the last.
        """
        prefix, count = self._block_list() + '.', len(self.blocks)
        depths = {}
        for name, _ in self.model.named_parameters():
            if name.startswith(prefix):
                depths[name] = int(name[len(prefix):].split('.')[0]) + 1
            else:
                depths[name] = 0 if BEFORE_LAYERS.search(name) else count + 1
        return depths

    def _frozen_modules(self) -> Iterator[nn.Module]:
        """Yield the modules that stay in evaluation mode in training."""
        if self.frozen:
            yield self.model
        elif self.frozen_stages >= 0:
            yield from (module for name, module in self.model.named_children()
                        if BEFORE_LAYERS.search(name))
            yield from list(self.blocks)[:self.frozen_stages]
        if self.norm_eval:
            yield from (module for module in self.model.modules()
                        if isinstance(module, _NormBase))

    def train(self, mode: bool = True) -> 'HuggingFaceEncoder':
        """Set the mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        for module in self._frozen_modules():
            module.eval()
        return self

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the model returns; a frozen one keeps no activations."""
        if self.frozen:
            return self._run_frozen(*args, **kwargs)
        return self.model(*args, **kwargs)

    @without_gradients
    def _run_frozen(self, *args: Any, **kwargs: Any) -> Any:
        return self.model(*args, **kwargs)

    def load_published(self, state: dict[str, Tensor], source: str) -> int:
        """Load public weights, under the names that their file gives them.

        transformers renames them; what belongs to another part of the published model
        (its other tower, a head) is not used.

        Args:
            state: the weights.
            source: their file, for messages.

        Returns:
            How many tensors of the state were not used.

        Raises:
            InputError: weights are missing or have another shape.
        """
        fresh, told = _fill(type(self.model), self.model.config, {
            key: value.float() if value.is_floating_point() else value
            for key, value in state.items()})
        missing = [key for key in sorted(told['missing_keys'])
                   if not key.startswith(self.may_lack or ' ')]
        wrong = [str(key[0]) if isinstance(key, tuple) else str(key)
                 for key in told['mismatched_keys']]
        problems = [f'{len(keys)} {word} ({", ".join(keys[:3])}'
                    f'{", ..." if len(keys) > 3 else ""})'
                    for keys, word in ((missing, 'missing'),
                                       (wrong, 'of another shape')) if keys]
        if problems:
            raise InputError(f'{source} does not hold the weights of this '
                             f'{self.model_type}: {"; ".join(problems)}')
        published = fresh.state_dict()
        self.model.load_state_dict({
            key: published[key.replace('.base_layer.', '.')]
            for key in self.model.state_dict() if '.lora_' not in key}, strict=False)
        return len(told['unexpected_keys'])


def add_lora(model: nn.Module, options: Mapping[str, Any]) -> None:
    """Put low-rank matrices beside those that ``options`` name; train only these.

    Raises:
        ImportError: peft is not installed.
        ValueError: the model has no layer of the names in ``target_modules``.

    Source: Hu et al., "LoRA", ICLR 2022.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ImportError("lora=dict(...) of an encoder needs the package peft: "
                          "pip install 'segvg[lora]'") from error
    inject_adapter_in_model(LoraConfig(**options), model)


def _fill(kind: Any, settings: Any, state: dict[str, Tensor]) -> tuple[Any, dict]:
    """Return a new model with the weights of ``state``, and how they fitted.

    No file is read: transformers only gives each tensor its place.
    """
    from transformers.utils import logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        return kind.from_pretrained(
            None, config=copy.deepcopy(settings), state_dict=state,
            output_loading_info=True, ignore_mismatched_sizes=True)
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
