"""Keys of ReLA, of the model of its paper, and of ImageNet's Swin."""
from segvg.checkpoints.rules.common import NORM_PAIR, Drop, Rule, bert_rules

BLOCK = r'layers\.(\d+)\.blocks\.(\d+)'
ATTENTION = r'(in_proj_weight|in_proj_bias|out_proj\..+)'


def swin_rules(source: str = '', target: str = '') -> list[Rule]:
    """Return rules for Swin's trunk below a prefix (a pattern)."""
    ours = rf'{target}stages.\1.\2'
    return [
        (rf'{source}patch_embed\.(proj|norm)\.{NORM_PAIR}',
         rf'{target}patch_embed.\1.\2'),
        *[(rf'{source}{BLOCK}\.{theirs}\.{NORM_PAIR}', rf'{ours}.{name}.\3')
          for theirs, name in (('norm1', 'attention_norm'),
                               ('norm2', 'feed_forward_norm'),
                               (r'attn\.qkv', 'attention.qkv'),
                               (r'attn\.proj', 'attention.out'),
                               (r'mlp\.fc1', 'feed_forward.0'),
                               (r'mlp\.fc2', 'feed_forward.2'))],
        (rf'{source}{BLOCK}\.attn\.relative_position_bias_table',
         rf'{ours}.attention.bias_table'),
        (rf'{source}{BLOCK}\.(attn\.relative_position_index|attn_mask)',
         Drop('follows from the size of a window')),
        (rf'{source}layers\.(\d+)\.downsample\.norm\.{NORM_PAIR}',
         rf'{target}merges.\1.norm.\2'),
        (rf'{source}layers\.(\d+)\.downsample\.reduction\.weight',
         rf'{target}merges.\1.reduction.weight'),
    ]


#: Swin as its authors publish it for ImageNet.
SWIN_RULES: list[Rule] = [
    *swin_rules(),
    (r'(norm|head)\.(weight|bias)', Drop('the classifier of ImageNet is not used')),
]

_LANGUAGE_SWIN: list[Rule] = [
    *swin_rules(r'backbone\.', 'image_encoder.trunk.'),
    *[(rf'backbone\.layers\.(\d+)\.fusion\.{theirs}\.0\.{NORM_PAIR}',
       rf'image_encoder.fusions.\1.{name}.\2')
      for theirs, name in (('vis_project', 'pixel'), ('project_mm', 'out'),
                           (r'image_lang_att\.f_query', 'query'),
                           (r'image_lang_att\.f_key', 'key'),
                           (r'image_lang_att\.f_value', 'value'),
                           (r'image_lang_att\.W', 'context'))],
    (r'backbone\.layers\.(\d+)\.res_gate\.([02])\.weight',
     r'image_encoder.gates.\1.\2.weight'),
    (rf'backbone\.norm(\d)\.{NORM_PAIR}', r'image_encoder.norms.\1.\2'),
]

#: detectron2's ResNet -> mmdet's.
_RESNET: list[Rule] = [
    (r'backbone\.stem\.conv1\.weight', 'image_encoder.backbone.conv1.weight'),
    (r'backbone\.stem\.conv1\.norm\.(.+)', r'image_encoder.backbone.bn1.\1'),
    *[rule for stage in range(1, 5) for rule in (
        (rf'backbone\.res{stage + 1}\.(\d+)\.conv(\d)\.weight',
         rf'image_encoder.backbone.layer{stage}.\1.conv\2.weight'),
        (rf'backbone\.res{stage + 1}\.(\d+)\.conv(\d)\.norm\.(.+)',
         rf'image_encoder.backbone.layer{stage}.\1.bn\2.\3'),
        (rf'backbone\.res{stage + 1}\.0\.shortcut\.weight',
         f'image_encoder.backbone.layer{stage}.0.downsample.0.weight'),
        (rf'backbone\.res{stage + 1}\.0\.shortcut\.norm\.(.+)',
         rf'image_encoder.backbone.layer{stage}.0.downsample.1.\1'))],
]

_PIXELS = r'sem_seg_head\.pixel_decoder'
_LAYERS = rf'{_PIXELS}\.transformer\.encoder\.layers\.(\d+)'
_PIXEL_DECODER: list[Rule] = [
    (rf'{_PIXELS}\.input_proj\.(\d)\.([01])\.{NORM_PAIR}',
     r'pixel_decoder.input_projs.\1.\2.\3'),
    (rf'{_PIXELS}\.transformer\.level_embed', 'pixel_decoder.level_embed'),
    (rf'{_LAYERS}\.self_attn\.(.+)', r'pixel_decoder.layers.\1.self_attention.\2'),
    *[(rf'{_LAYERS}\.{theirs}\.{NORM_PAIR}', rf'pixel_decoder.layers.\1.{name}.\2')
      for theirs, name in (('norm1', 'attention_norm'), ('norm2', 'feed_forward_norm'),
                           ('linear1', 'feed_forward.0'),
                           ('linear2', 'feed_forward.3'))],
    *[rule for theirs, name in (('adapter_1', 'lateral'), ('layer_1', 'refine'))
      for rule in (
          (rf'{_PIXELS}\.{theirs}\.weight', f'pixel_decoder.{name}.conv.weight'),
          (rf'{_PIXELS}\.{theirs}\.norm\.{NORM_PAIR}',
           rf'pixel_decoder.{name}.norm.\1'))],
    (rf'{_PIXELS}\.mask_features\.{NORM_PAIR}', r'pixel_decoder.out.\1'),
]

_REGIONS = r'sem_seg_head\.predictor'


def _decoder_rules(image: str, regions: str) -> list[Rule]:
    """Return rules of the region decoder; its attentions have the given names."""
    ours = r'head.decoder.layers.\1'
    return [
        (rf'{_REGIONS}\.{image}\.(\d+)\.multihead_attn\.{ATTENTION}',
         rf'{ours}.image_attention.\2'),
        (rf'{_REGIONS}\.{image}\.(\d+)\.norm\.{NORM_PAIR}', rf'{ours}.image_norm.\2'),
        (rf'{_REGIONS}\.{regions}\.(\d+)\.self_attn\.{ATTENTION}',
         rf'{ours}.region_attention.\2'),
        (rf'{_REGIONS}\.{regions}\.(\d+)\.norm\.{NORM_PAIR}',
         rf'{ours}.region_norm.\2'),
        *[(rf'{_REGIONS}\.transformer_ffn_layers\.(\d+)\.{theirs}\.{NORM_PAIR}',
           rf'{ours}.{name}.\2')
          for theirs, name in (('linear1', 'feed_forward.0'),
                               ('linear2', 'feed_forward.3'),
                               ('norm', 'feed_forward_norm'))],
        *[(rf'{_REGIONS}\.{theirs}\.weight', f'head.decoder.{name}.weight')
          for theirs, name in (('query_feat', 'region_embed'),
                               ('query_embed', 'region_pos'),
                               ('level_embed', 'level_embed'),
                               ('lang_proj', 'word_proj'))],
        (rf'{_REGIONS}\.decoder_norm\.{NORM_PAIR}', r'head.decoder.norm.\1'),
        (rf'{_REGIONS}\.minimap_embed\.{NORM_PAIR}', r'head.decoder.minimap.\1'),
        *[(rf'{_REGIONS}\.{theirs}_embed\.layers\.(\d)\.{NORM_PAIR}',
           rf'head.decoder.{name}.layers.\1.\2')
          for theirs, name in (('mask', 'mask'), ('nt', 'no_target'))],
    ]


def _attention_rules(source: str, inner: str, target: str) -> list[Rule]:
    """Return rules of one attention and its norm."""
    return [
        (rf'{_REGIONS}\.{source}\.{inner}\.{ATTENTION}',
         rf'head.decoder.{target}_attention.\1'),
        (rf'{_REGIONS}\.{source}\.norm\.{NORM_PAIR}',
         rf'head.decoder.{target}_norm.\1'),
    ]


_SHARED: list[Rule] = [
    *_LANGUAGE_SWIN, *_RESNET, *_PIXEL_DECODER,
    *bert_rules('text_encoder.', 'language_encoder.'),
]
RELA_RULES: list[Rule] = [
    *_SHARED,
    *_decoder_rules('RIA_layers', 'RLA_vision'),
    *_attention_rules('RLA_lang_att', 'multihead_attn', 'word'),
    (rf'{_REGIONS}\.lang_weight', 'head.decoder.word_weight'),
]

#: The model of the paper, branch ``original`` of the published code.
RELA_ORIGINAL_RULES: list[Rule] = [
    *_SHARED,
    *_decoder_rules('RIA_cross_attention', 'self_attention_layers'),
    *_attention_rules('RLA_lang', 'multihead_attn', 'word'),
    *_attention_rules('RLA_region', 'self_attn', 'last'),
    (rf'{_REGIONS}\.RLA_proj\.weight', 'head.decoder.read_proj.weight'),
    (rf'{_REGIONS}\.RLA_gate', 'head.decoder.word_weight'),
    (rf'{_REGIONS}\.decoder_norm_2\.{NORM_PAIR}', r'head.decoder.vote_norm.\1'),
]
