"""How keys of published checkpoints are renamed, and what several methods share."""
import re
from dataclasses import dataclass


@dataclass
class Drop:
    """A published key that is left out, and why."""
    reason: str


#: A pattern that has to match a whole key, and its replacement with groups.
Rule = tuple[str, str | Drop]

NORM_PAIR = r'(weight|bias)'


def layer_rules(source: str, target: str) -> list[Rule]:
    """Return rules for the transformer layers below a prefix (patterns)."""
    return [
        (rf'{source}\.(\d+)\.self_attn\.(in_proj_weight|in_proj_bias|out_proj\..+)',
         rf'{target}.\1.self_attention.\2'),
        (rf'{source}\.(\d+)\.multihead_attn\.(in_proj_weight|in_proj_bias|out_proj\..+)',
         rf'{target}.\1.cross_attention.\2'),
        (rf'{source}\.(\d+)\.linear1\.{NORM_PAIR}', rf'{target}.\1.feed_forward.0.\2'),
        (rf'{source}\.(\d+)\.linear2\.{NORM_PAIR}', rf'{target}.\1.feed_forward.3.\2'),
    ]


def encoder_layer_rules(source: str, target: str) -> list[Rule]:
    """Return rules for encoder layers below a prefix (patterns)."""
    return layer_rules(source, target) + [
        (rf'{source}\.(\d+)\.norm1\.{NORM_PAIR}', rf'{target}.\1.attention_norm.\2'),
        (rf'{source}\.(\d+)\.norm2\.{NORM_PAIR}', rf'{target}.\1.feed_forward_norm.\2'),
    ]


def decoder_layer_rules(source: str, target: str) -> list[Rule]:
    """Return rules for pre-norm decoder layers below a prefix (patterns)."""
    return layer_rules(source, target) + [
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
        *encoder_layer_rules(rf'{source}transformer\.encoder\.layers',
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


#: Name of a published mask convolution -> ours.
_MASK_CONVS = {f'lay{i}': f'convs.{i - 1}' for i in range(1, 6)}
_MASK_CONVS.update({f'gn{i}': f'norms.{i - 1}' for i in range(1, 6)})
_MASK_CONVS.update({f'adapter{i}': f'adapters.{i - 1}' for i in range(1, 4)})
_MASK_CONVS['out_lay'] = 'out'


def mask_branch_rules(target: str) -> list[Rule]:
    """Return rules for DETR's mask branch below a prefix."""
    return [
        (rf'bbox_attention\.q_linear\.{NORM_PAIR}', rf'{target}.query.\1'),
        (rf'bbox_attention\.k_linear\.{NORM_PAIR}', rf'{target}.key.\1'),
        *[(rf'mask_head\.{theirs}\.{NORM_PAIR}', rf'{target}.{ours}.\1')
          for theirs, ours in _MASK_CONVS.items()],
    ]
