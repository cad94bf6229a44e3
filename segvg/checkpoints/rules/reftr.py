"""Keys of RefTR."""
from segvg.checkpoints.rules.common import (
    NORM_PAIR,
    Drop,
    Rule,
    bert_rules,
    decoder_layer_rules,
    encoder_layer_rules,
    mask_branch_rules,
)


def _normed_mlp_rules(source: str, target: str) -> list[Rule]:
    """Return rules for two linear layers with norms below prefixes."""
    return [(rf'{source}\.([0145])\.{NORM_PAIR}', rf'{target}.\1.\2')]


REFTR_RULES: list[Rule] = [
    (r'img_backbone\.0\.body\.(.+)', r'image_encoder.backbone.\1'),
    (rf'input_proj\.0\.0\.{NORM_PAIR}', r'image_encoder.input_proj.\1'),
    (rf'input_proj\.0\.1\.{NORM_PAIR}', r'image_encoder.norm.\1'),
    (rf'lang_backbone\.pooler\.dense\.{NORM_PAIR}', r'language_encoder.pooler.\1'),
    *bert_rules('lang_backbone.', 'language_encoder.'),
    *_normed_mlp_rules('map_sentence', 'fusion.text_proj'),
    (r'vl_transformer\.level_embed', 'fusion.level'),
    (r'vl_transformer\.lang_pos_embeddings\.weight', 'fusion.position.weight'),
    (r'vl_transformer\.token_type_embeddings\.weight', 'fusion.kind.weight'),
    *encoder_layer_rules(r'vl_transformer\.encoder\.layers', 'fusion.layers'),
    *_normed_mlp_rules('map_phrase', 'phrase_queries.phrase_proj'),
    (r'query_encoder\.query_embed\.weight', 'phrase_queries.query_embed.weight'),
    *[(rf'query_encoder\.linear{number}\.{NORM_PAIR}', rf'phrase_queries.{name}.\1')
      for number, name in ((1, 'query_proj'), (2, 'key_proj'), (3, 'value_proj'))],
    *_normed_mlp_rules(r'query_encoder\.fuse_encoder_query', 'phrase_queries.fuse'),
    (rf'query_encoder\.context_out\.([01])\.{NORM_PAIR}',
     r'phrase_queries.context_proj.\1.\2'),
    *decoder_layer_rules(r'vl_transformer\.decoder\.layers', 'head.decoder.layers'),
    (rf'vl_transformer\.decoder\.norm\.{NORM_PAIR}', r'head.decoder.norm.\1'),
    (rf'bbox_embed\.layers\.(\d+)\.{NORM_PAIR}', r'head.box.layers.\1.\2'),
    *mask_branch_rules('head.mask'),
    (rf'cem_block\.c1\.{NORM_PAIR}', Drop('a softmax over one query')),
    (rf'cem_block\.c2\.{NORM_PAIR}', r'head.loss_energy.pixel_score.\1'),
    (rf'cem_block\.c3\.{NORM_PAIR}', r'head.loss_energy.state_proj.\1'),
]
