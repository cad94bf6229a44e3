"""Keys of SeqTR."""
from segvg.checkpoints.rules.common import (
    NORM_PAIR,
    Rule,
    decoder_layer_rules,
    encoder_layer_rules,
)

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
    *encoder_layer_rules(r'head\.transformer\.encoder\.layers', 'fusion.layers'),
    *decoder_layer_rules(r'head\.transformer\.decoder\.layers',
                          'head.decoder.layers'),
    (rf'head\.transformer\.decoder\.norm\.{NORM_PAIR}', r'head.decoder.norm.\1'),
    (r'head\.transformer\.seq_positional_encoding\.embedding\.weight',
     'head.position.weight'),
    (r'head\.transformer\.query_embedding\.weight', 'head.token_embed.weight'),
    (rf'head\.predictor\.(\d)\.fc\.{NORM_PAIR}', r'head.predictor.layers.\1.\2'),
    (r'head\.task_embedding\.weight', 'head.start_embed.weight'),
]

#: Indices of the linear layers in the published point branch; ReLUs lie between them.
PARTIAL_RES_RULES: list[Rule] = SEQTR_RULES + [
    (r'head\.transformer\.task_prompt\.weight', 'head.start_embed.weight'),
    *[(rf'head\.transformer\.decoder\.layers\.(\d+)\.point\.{2 * index}\.{NORM_PAIR}',
       rf'head.decoder.layers.\1.point.layers.{index}.\2') for index in range(3)],
]
