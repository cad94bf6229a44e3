"""Keys of InstanceVG, and of the BEiT-3 that it starts from."""
from segvg.checkpoints.rules.common import NORM_PAIR, Drop, Rule

SIDES = (('A', 'image'), ('B', 'text'))
UNUSED = 'built by the published code, without effect on its output'


def beit3_rules(source: str = '', target: str = '') -> list[Rule]:
    """Return rules for a BEiT-3 below a prefix (a pattern)."""
    layer, ours = rf'{source}encoder\.layers\.(\d+)', rf'{target}layers.\1'
    rules: list[Rule] = [
        (rf'{source}text_embed\.weight', f'{target}words.weight'),
        (rf'{source}vision_embed\.mask_token', Drop(UNUSED)),
        (rf'{source}vision_embed\.cls_token', f'{target}class_token'),
        (rf'{source}vision_embed\.proj\.{NORM_PAIR}', rf'{target}patches.\1'),
    ]
    for letter, side in SIDES:
        rules += [
            (rf'{source}encoder\.embed_positions\.{letter}\.weight',
             f'{target}{side}_position.weight'),
            (rf'{source}encoder\.layer_norm\.{letter}\.{NORM_PAIR}',
             rf'{target}norm.{side}.\1'),
            *[(rf'{layer}\.{theirs}\.{letter}\.{NORM_PAIR}',
               rf'{ours}.{name}.{side}.\2')
              for theirs, name in ((r'self_attn\.q_proj', 'query'),
                                   (r'self_attn\.k_proj', 'key'),
                                   (r'self_attn\.v_proj', 'value'),
                                   (r'self_attn\.out_proj', 'out'),
                                   (r'self_attn\.inner_attn_ln', 'inner_norm'),
                                   ('self_attn_layer_norm', 'attention_norm'),
                                   ('final_layer_norm', 'feed_forward_norm'))],
            *[(rf'{layer}\.ffn\.{letter}\.{theirs}\.{NORM_PAIR}',
               rf'{ours}.feed_forward.{side}.{name}.\2')
              for theirs, name in (('fc1', 'expand'), ('ffn_layernorm', 'norm'),
                                   ('fc2', 'reduce'))],
        ]
    return rules


#: BEiT-3 as its authors publish it.
BEIT3_RULES: list[Rule] = [
    *beit3_rules(r'(?:beit3\.)?'),
]

ATTENTION = r'(in_proj_weight|in_proj_bias|out_proj\..+)'
_START = r'head\.query_generation\.T2I_decoder'
_DECODER = r'head\.decoder_transformer\.decoder\.layers\.(\d+)'
_BATCH_NORM = r'(weight|bias|running_mean|running_var|num_batches_tracked)'

_NECK: list[Rule] = [
    (r'head\.img_embedding\.weight', 'neck.image_proj.weight'),
    (r'head\.lan_embedding\.weight', 'neck.text_proj.weight'),
    (rf'head\.neck\.fpn1\.([013])\.{NORM_PAIR}', r'neck.pyramid.enlarge_4.\1.\2'),
    (rf'head\.neck\.fpn2\.0\.{NORM_PAIR}', r'neck.pyramid.enlarge_2.\1'),
    *[rule for theirs, name in (('lateral', 'laterals'), ('fpn', 'outputs'))
      for rule in (
          (rf'head\.neck\.{theirs}_convs\.(\d)\.conv\.weight',
           rf'neck.pyramid.{name}.\1.conv.weight'),
          (rf'head\.neck\.{theirs}_convs\.(\d)\.norm_layer\.{NORM_PAIR}',
           rf'neck.pyramid.{name}.\1.norm.\2'))],
    # Published stages count the level that they start from, coarsest first.
    *[rule for stage, level in enumerate((4, 3, 2)) for rule in (
        (rf'head\.unet_decoder\.conv(\d)_{level}\.weight',
         rf'neck.mask_decoder.stages.{stage}.conv\1.weight'),
        (rf'head\.unet_decoder\.bn(\d)_{level}\.{_BATCH_NORM}',
         rf'neck.mask_decoder.stages.{stage}.norm\1.\2'))],
]

_HEAD: list[Rule] = [
    (rf'{_START}\.layers\.0\.attentions\.0\.attn\.{ATTENTION}',
     r'head.start.self_attention.\1'),
    (rf'{_START}\.layers\.0\.attentions\.1\.attn\.{ATTENTION}',
     r'head.start.cross_attention.\1'),
    (rf'{_START}\.layers\.0\.ffns\.0\.layers\.0\.0\.{NORM_PAIR}',
     r'head.start.feed_forward.0.\1'),
    (rf'{_START}\.layers\.0\.ffns\.0\.layers\.1\.{NORM_PAIR}',
     r'head.start.feed_forward.3.\1'),
    *[(rf'{_START}\.layers\.0\.norms\.{number}\.{NORM_PAIR}', rf'head.start.{name}.\1')
      for number, name in enumerate(('self_norm', 'cross_norm', 'feed_forward_norm'))],
    (rf'{_START}\.post_norm_layer\.{NORM_PAIR}', r'head.start.norm.\1'),
    (rf'head\.query_generation\.mlp\.layers\.(\d)\.{NORM_PAIR}',
     r'head.start.join.layers.\1.\2'),
    (rf'head\.query_pos_embedding\.{NORM_PAIR}', r'head.point_pos.\1'),
    (rf'head\.decoder_transformer\.reference_points\.{NORM_PAIR}',
     r'head.reference.\1'),
    (rf'{_DECODER}\.attentions\.0\.attn\.{ATTENTION}',
     r'head.layers.\1.self_attention.\2'),
    (rf'{_DECODER}\.attentions\.1\.(.+)', r'head.layers.\1.cross_attention.\2'),
    (rf'{_DECODER}\.ffns\.0\.layers\.0\.0\.{NORM_PAIR}',
     r'head.layers.\1.feed_forward.0.\2'),
    (rf'{_DECODER}\.ffns\.0\.layers\.1\.{NORM_PAIR}',
     r'head.layers.\1.feed_forward.3.\2'),
    *[(rf'{_DECODER}\.norms\.{number}\.{NORM_PAIR}', rf'head.layers.\1.{name}.\2')
      for number, name in enumerate(('self_norm', 'cross_norm', 'feed_forward_norm'))],
    (rf'head\.class_embed\.2\.{NORM_PAIR}', r'head.classify.\1'),
    (rf'head\.bbox_embed\.2\.layers\.(\d)\.{NORM_PAIR}', r'head.box.layers.\1.\2'),
    (r'head\.(class|bbox)_embed\.[01]\..+',
     Drop('the layers of all decoder layers are one, stored three times')),
    (rf'head\.seg_branch\.predict\.{NORM_PAIR}', r'head.global_mask.\1'),
    (rf'head\.nt_embed\.layers\.(\d)\.{NORM_PAIR}', r'head.existence.layers.\1.\2'),
    (r'head\.detrloss\.criterion\.empty_weight',
     Drop('class weights of the loss, an argument here')),
    (r'head\.(query_embedding|proj_pixel_level_cons|query_generation\.query_embed|'
     r'decoder_transformer\.level_embeds)(\..+)?', Drop(UNUSED)),
]

INSTANCEVG_RULES: list[Rule] = [
    *beit3_rules(r'vis_enc\.beit3\.', 'encoder.'), *_NECK, *_HEAD
]
