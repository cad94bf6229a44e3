"""Keys of SiRi, multi-task SiRi and MDETR."""
from segvg.checkpoints.rules.common import (
    NORM_PAIR,
    Drop,
    Rule,
    bert_rules,
    encoder_layer_rules,
    layer_rules,
    mask_branch_rules,
)

NEVER_RUN = 'built by the published code and never run'


def _decoder_rules(source: str, target: str) -> list[Rule]:
    """Return rules for a decoder below prefixes (patterns); its norms are 1, 3, 4."""
    layers, ours = rf'{source}\.layers', f'{target}.layers'
    return [
        *layer_rules(layers, ours),
        (rf'{layers}\.(\d+)\.cross_attn_image\.(in_proj_weight|in_proj_bias|out_proj\..+)',
         rf'{ours}.\1.cross_attention.\2'),
        *[(rf'{layers}\.(\d+)\.{theirs}\.{NORM_PAIR}', rf'{ours}.\1.{name}.\2')
          for theirs, name in (('norm1', 'self_norm'), ('norm3', 'cross_norm'),
                               ('norm4', 'feed_forward_norm'))],
        (rf'{source}\.norm\.{NORM_PAIR}', rf'{target}.norm.\1'),
    ]


def _shared_rules(transformer: str) -> list[Rule]:
    """Return rules of all but decoders and heads; ``transformer`` is a prefix."""
    escaped = transformer.replace('.', r'\.')
    return [
        (r'backbone\.0\.body\.(.+)', r'image_encoder.backbone.\1'),
        (rf'input_proj\.{NORM_PAIR}', r'image_encoder.input_proj.\1'),
        *bert_rules(f'{transformer}.text_encoder.', 'language_encoder.'),
        (rf'{escaped}\.resizer\.fc\.{NORM_PAIR}', r'fusion.text_proj.\1'),
        (rf'{escaped}\.resizer\.layer_norm\.{NORM_PAIR}', r'fusion.text_norm.\1'),
        *encoder_layer_rules(rf'{escaped}\.encoder\.layers', 'fusion.layers'),
        (r'query_embed\.weight', 'head.query_embed.weight'),
    ]


MT_SIRI_RULES: list[Rule] = [
    *_shared_rules('transformer.0'),
    (rf'add_feature\.([01])\.{NORM_PAIR}', r'image_encoder.mid_convs.\1.\2'),
    (rf'pos_trans_norm\.{NORM_PAIR}', r'head.grid_norm.\1'),
    *[rule for i in range(2) for rule in _decoder_rules(
        rf'transformer\.{i}\.decoder', f'head.decoders.{i}')],
    (rf'class_embed\.([01])\.{NORM_PAIR}', r'head.classify.\1.\2'),
    (rf'bbox_embed\.([01])\.layers\.(\d+)\.{NORM_PAIR}', r'head.box.\1.layers.\2.\3'),
    (r'transformer\.1\.(encoder|text_encoder|resizer)\..+', Drop(NEVER_RUN)),
    (r'transformer\.[01]\.sent_pos_attn\..+', Drop(NEVER_RUN)),
]

SIRI_RULES: list[Rule] = [
    (r'pos_trans_norm\..+', Drop('only a second decoder needs it')), *MT_SIRI_RULES
]

_MDETR_RULES: list[Rule] = [
    *_shared_rules('transformer'),
    *_decoder_rules(r'transformer\.decoder', 'head.decoders.0'),
    (rf'class_embed\.{NORM_PAIR}', r'head.classify.0.\1'),
    (rf'bbox_embed\.layers\.(\d+)\.{NORM_PAIR}', r'head.box.0.layers.\1.\2'),
    (rf'contrastive_align_projection_image\.{NORM_PAIR}', r'head.align_query.\1'),
    (rf'contrastive_align_projection_text\.{NORM_PAIR}', r'head.align_text.\1'),
]

MDETR_RULES: list[Rule] = [
    *_MDETR_RULES,
    *[(rf'detr\.{pattern}', target) for pattern, target in _MDETR_RULES],
    *mask_branch_rules('head.mask'),
]
