"""Checkpoints: read safely, renamed from published code, every key accounted for."""
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import torch
from torch import Tensor, nn


def load_checkpoint(path: str, map_location: Any = 'cpu') -> Any:
    """Read a checkpoint without running anything that is in it.

    Beside tensors and plain containers only the classes that mmengine writes into its
    own checkpoints and ``argparse.Namespace`` are admitted.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file needs a class that is not admitted or is no checkpoint.
    """
    import argparse

    from mmengine.runner.checkpoint import get_torch_safe_globals
    if not Path(path).is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    admitted = [*get_torch_safe_globals(), argparse.Namespace]
    try:
        with torch.serialization.safe_globals(admitted):
            return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f'{path} cannot be read as a checkpoint without running code '
                         f'that is in it: {reason}') from error


def use_safe_loader() -> None:
    """Make mmengine read local checkpoints by ``load_checkpoint``.

    Its own reader falls back to free unpickling when the safe one refuses a file.
    """
    from mmengine.runner.checkpoint import CheckpointLoader
    CheckpointLoader.register_scheme(prefixes='', loader=load_checkpoint, force=True)


def state_dict_of(checkpoint: Any) -> dict[str, Tensor]:
    """Return the weights of a checkpoint in any of the usual containers."""
    for key in ('state_dict', 'model', 'model_state_dict'):
        if isinstance(checkpoint, dict) and isinstance(checkpoint.get(key), dict):
            checkpoint = checkpoint[key]
            break
    if not isinstance(checkpoint, dict) or not checkpoint or not all(
            isinstance(value, Tensor) for value in checkpoint.values()):
        raise ValueError('a checkpoint is a dict of tensors, or has one under '
                         "'state_dict' or 'model'; this file has neither")
    return {re.sub(r'^module\.', '', key): value for key, value in checkpoint.items()}


@dataclass
class Drop:
    """A published key that is left out, and why."""
    reason: str


@dataclass
class ConversionReport:
    """What became of every key of a published checkpoint."""
    renamed: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)

    def raise_unplaced(self, method: str) -> None:
        """Raise ValueError when a key has no rule."""
        if self.unplaced:
            shown = ', '.join(self.unplaced[:5])
            raise ValueError(
                f'{len(self.unplaced)} of the keys are not known to be of a published '
                f'{method} checkpoint, the first are: {shown}')


Rule = tuple[str, str | Drop]


def rename_key(key: str, rules: list[Rule]) -> Optional[str | Drop]:
    """Return the new name of a key, a ``Drop``, or None when no rule knows it.

    A rule is a pattern that has to match the whole key and a replacement with groups.
    """
    for pattern, target in rules:
        match = re.fullmatch(pattern, key)
        if match:
            return target if isinstance(target, Drop) else match.expand(target)
    return None


def convert_state_dict(
        state: dict[str, Tensor],
        rules: list[Rule]) -> tuple[dict[str, Tensor], ConversionReport]:
    """Rename published weights by rules and report every key.

    Two rules may lead several keys to one name only when their values are equal.
    """
    report = ConversionReport()
    converted: dict[str, Tensor] = {}
    for key, value in state.items():
        target = rename_key(key, rules)
        if target is None:
            report.unplaced.append(key)
        elif isinstance(target, Drop):
            report.dropped[key] = target.reason
        elif target in converted:
            raise ValueError(f'two keys lead to {target!r}, the second is {key!r}')
        else:
            converted[target] = value
            report.renamed[key] = target
    return converted, report


def load_strictly(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Load weights into a module that must take all of them and lack none.

    Counters of batch normalisation may be missing: frozen statistics have none.

    Raises:
        ValueError: keys are missing, unknown or of another shape.
    """
    own = module.state_dict()
    missing = [key for key in own if key not in state
               and not key.endswith('num_batches_tracked')]
    unknown = [key for key in state if key not in own]
    wrong = [f'{key} {tuple(state[key].shape)} for {tuple(own[key].shape)}'
             for key in state if key in own and state[key].shape != own[key].shape]
    problems = [(missing, 'missing'), (unknown, 'unknown'), (wrong, 'of another shape')]
    told = '; '.join(f'{len(keys)} {word} ({", ".join(keys[:3])}'
                     f'{", ..." if len(keys) > 3 else ""})'
                     for keys, word in problems if keys)
    if told:
        raise ValueError(f'{source} does not hold the weights of this '
                         f'{type(module).__name__}: {told}')
    module.load_state_dict(state, strict=False)


# -- rules of the published models -----------------------------------------------------

NORM_PAIR = r'(weight|bias)'


def _layer_rules(source: str, target: str) -> list[Rule]:
    """Return rules for the transformer layers below a prefix (patterns)."""
    return [
        (rf'{source}\.(\d+)\.self_attn\.(in_proj_weight|in_proj_bias|out_proj\..+)',
         rf'{target}.\1.self_attention.\2'),
        (rf'{source}\.(\d+)\.multihead_attn\.(in_proj_weight|in_proj_bias|out_proj\..+)',
         rf'{target}.\1.cross_attention.\2'),
        (rf'{source}\.(\d+)\.linear1\.{NORM_PAIR}', rf'{target}.\1.feed_forward.0.\2'),
        (rf'{source}\.(\d+)\.linear2\.{NORM_PAIR}', rf'{target}.\1.feed_forward.3.\2'),
    ]


def _encoder_layer_rules(source: str, target: str) -> list[Rule]:
    return _layer_rules(source, target) + [
        (rf'{source}\.(\d+)\.norm1\.{NORM_PAIR}', rf'{target}.\1.attention_norm.\2'),
        (rf'{source}\.(\d+)\.norm2\.{NORM_PAIR}', rf'{target}.\1.feed_forward_norm.\2'),
    ]


def _decoder_layer_rules(source: str, target: str) -> list[Rule]:
    return _layer_rules(source, target) + [
        (rf'{source}\.(\d+)\.norm1\.{NORM_PAIR}', rf'{target}.\1.self_norm.\2'),
        (rf'{source}\.(\d+)\.norm2\.{NORM_PAIR}', rf'{target}.\1.cross_norm.\2'),
        (rf'{source}\.(\d+)\.norm3\.{NORM_PAIR}', rf'{target}.\1.feed_forward_norm.\2'),
    ]


def detr_rules(source: str = '', target: str = '') -> list[Rule]:
    """Return rules for the image side of DETR below prefixes (``visumodel.``)."""
    source = re.escape(source)
    return [
        (rf'{source}backbone\.0\.body\.(.+)', rf'{target}backbone.\1'),
        (rf'{source}input_proj\.{NORM_PAIR}', rf'{target}input_proj.\1'),
        *_encoder_layer_rules(rf'{source}transformer\.encoder\.layers',
                              f'{target}layers'),
    ]


def bert_rules(source: str, target: str) -> list[Rule]:
    """Return rules for a BERT below prefixes."""
    source = re.escape(source)
    return [
        (rf'{source}embeddings\.position_ids', Drop('a constant')),
        (rf'{source}embeddings\.(.+)', rf'{target}embeddings.\1'),
        (rf'{source}encoder\.layer\.(.+)', rf'{target}layers.\1'),
        (rf'{source}pooler\..+', Drop('the pooler is never run')),
    ]


DETR_RULES: list[Rule] = detr_rules() + [
    (r'(transformer\.decoder|class_embed|bbox_embed|query_embed)\..+',
     Drop('the detection part of DETR is not used')),
]

TRANSVG_RULES: list[Rule] = [
    *detr_rules('visumodel.', 'image_encoder.'),
    *bert_rules('textmodel.bert.', 'language_encoder.'),
    *bert_rules('textmodel.', 'language_encoder.'),
    (rf'visu_proj\.{NORM_PAIR}', r'fusion.image_proj.\1'),
    (rf'text_proj\.{NORM_PAIR}', r'fusion.text_proj.\1'),
    (r'vl_pos_embed\.weight', 'fusion.position.weight'),
    (r'reg_token\.weight', 'fusion.learned_tokens.weight'),
    *_encoder_layer_rules(r'vl_transformer\.encoder\.layers', 'fusion.layers'),
    (rf'bbox_embed\.layers\.(\d+)\.{NORM_PAIR}', r'head.box.layers.\1.\2'),
]

STREAMS = (('object', 'object'), ('visual', 'image'), ('text', 'text'))
ALIGNMENT = r'deepfuse\.layers\.(\d+)'
SEGVG_RULES: list[Rule] = [
    *detr_rules('visumodel.', 'image_encoder.'),
    *bert_rules('textmodel.', 'language_encoder.'),
    *[(rf'{ALIGNMENT}\.norm_{letter}\.{NORM_PAIR}',
       rf'alignment.layers.\1.norms.{kind}.\2')
      for letter, kind in (('o', 'object'), ('v', 'image'), ('t', 'text'))],
    *[(rf'{ALIGNMENT}\.in_{theirs}_{letter}\.{NORM_PAIR}',
       rf'alignment.layers.\1.{role}.{kind}.\2')
      for theirs, kind in STREAMS
      for letter, role in (('q', 'query'), ('k', 'key'), ('v', 'value'))],
    *[(rf'{ALIGNMENT}\.out_{theirs}\.{NORM_PAIR}',
       rf'alignment.layers.\1.out.{kind}.\2') for theirs, kind in STREAMS],
    (r'reg_seg_src\.weight', 'query_embed.weight'),
    (r'reg_seg_pos\.weight', 'query_pos.weight'),
    (rf'object_proj\.{NORM_PAIR}', r'query_proj.\1'),
    (rf'visu_proj\.{NORM_PAIR}', r'fusion.image_proj.\1'),
    (rf'text_proj\.{NORM_PAIR}', r'fusion.text_proj.\1'),
    (r'vl_pos_embed\.weight', 'fusion.position.weight'),
    *_encoder_layer_rules(r'vl_transformer\.encoder\.layers', 'fusion.layers'),
    (rf'vl_transformer\.encoder\.norm\.{NORM_PAIR}', r'fusion.norm.\1'),
    *_decoder_layer_rules(r'vl_decoder\.decoder\.layers', 'head.layers'),
    (rf'vl_decoder\.decoder\.norm\.{NORM_PAIR}', r'head.norm.\1'),
    (rf'bbox_embed\.layers\.(\d+)\.{NORM_PAIR}', r'head.box.layers.\1.\2'),
    (rf'seg_embed\.layers\.(\d+)\.{NORM_PAIR}', r'head.mask.mlp.layers.\1.\2'),
]

CONV_NORM = (r'(conv\.weight|bn\.(?:weight|bias|running_mean|running_var|'
             r'num_batches_tracked))')
SEQTR_RULES: list[Rule] = [
    (rf'vis_enc\.darknet\.(\d+)\.{CONV_NORM}', r'image_encoder.layers.\1.\2'),
    (rf'vis_enc\.darknet\.(\d+)\.module_list\.(\d+)\.([01])\.{CONV_NORM}',
     r'image_encoder.layers.\1.repeats.\2.\3.\4'),
    (r'lan_enc\.embedding\.weight', 'language_encoder.words.weight'),
    (r'lan_enc\.lstm\.(.+)', r'language_encoder.gru.\1'),
    (rf'fusion\.down_bot2mid\.1\.{CONV_NORM}', r'fusion.merge.low_to_mid.\1'),
    (rf'fusion\.down_mid2top\.1\.{CONV_NORM}', r'fusion.merge.mid_to_top.\1'),
    (rf'fusion\.top_project\.([01])\.{CONV_NORM}', r'fusion.merge.project.\1.\2'),
    (rf'head\.transformer\.input_proj\.conv\.{NORM_PAIR}', r'fusion.input_proj.\1'),
    (rf'head\.transformer\.input_proj\.gn\.{NORM_PAIR}', r'fusion.input_norm.\1'),
    *_encoder_layer_rules(r'head\.transformer\.encoder\.layers', 'fusion.layers'),
    *_decoder_layer_rules(r'head\.transformer\.decoder\.layers',
                          'head.decoder.layers'),
    (rf'head\.transformer\.decoder\.norm\.{NORM_PAIR}', r'head.decoder.norm.\1'),
    (r'head\.transformer\.seq_positional_encoding\.embedding\.weight',
     'head.position.weight'),
    (r'head\.transformer\.query_embedding\.weight', 'head.token_embed.weight'),
    (rf'head\.predictor\.(\d)\.fc\.{NORM_PAIR}', r'head.predictor.layers.\1.\2'),
    (r'head\.task_embedding\.weight', 'head.start_embed.weight'),
]

#: Method name of ``tools/convert_checkpoint.py`` -> rules.
RULES: dict[str, list[Rule]] = dict(
    segvg=SEGVG_RULES, transvg=TRANSVG_RULES, detr=DETR_RULES, seqtr=SEQTR_RULES)

