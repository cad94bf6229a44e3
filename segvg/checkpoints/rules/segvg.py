"""Keys of SegVG, of TransVG and of the DETR that both start from."""
from segvg.checkpoints.rules.common import (
    NORM_PAIR,
    Drop,
    Rule,
    bert_rules,
    decoder_layer_rules,
    detr_rules,
    encoder_layer_rules,
)

DETR_RULES: list[Rule] = detr_rules() + [
    (r'(transformer\.decoder|class_embed|bbox_embed|query_embed)\..+',
     Drop('the detection part of DETR is not used')),
]

#: torchvision's ResNet, as mmdet's names it too.
RESNET_RULES: list[Rule] = [
    (r'fc\..+', Drop('the classifier of ImageNet is not used')),
    (r'((?:conv1|bn1|layer[1-4])\..+)', r'\1'),
]

TRANSVG_RULES: list[Rule] = [
    *detr_rules('visumodel.', 'image_encoder.'),
    *bert_rules('textmodel.bert.', 'language_encoder.'),
    *bert_rules('textmodel.', 'language_encoder.'),
    (rf'visu_proj\.{NORM_PAIR}', r'fusion.image_proj.\1'),
    (rf'text_proj\.{NORM_PAIR}', r'fusion.text_proj.\1'),
    (r'vl_pos_embed\.weight', 'fusion.position.weight'),
    (r'reg_token\.weight', 'fusion.learned_tokens.weight'),
    *encoder_layer_rules(r'vl_transformer\.encoder\.layers', 'fusion.layers'),
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
    *encoder_layer_rules(r'vl_transformer\.encoder\.layers', 'fusion.layers'),
    (rf'vl_transformer\.encoder\.norm\.{NORM_PAIR}', r'fusion.norm.\1'),
    *decoder_layer_rules(r'vl_decoder\.decoder\.layers', 'head.layers'),
    (rf'vl_decoder\.decoder\.norm\.{NORM_PAIR}', r'head.norm.\1'),
    (rf'bbox_embed\.layers\.(\d+)\.{NORM_PAIR}', r'head.box.layers.\1.\2'),
    (rf'seg_embed\.layers\.(\d+)\.{NORM_PAIR}', r'head.mask.mlp.layers.\1.\2'),
]
