"""Tiny random foundation models, saved to folders as they would be published."""
import json
from pathlib import Path
from typing import Any, Callable

import torch
import transformers
from transformers import AutoConfig

from tests.models.tiny_encoders import quiet

#: Parts of SynthRef's sentences, for the tokenizer of the BERTs.
WORDS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', '?', 'the', 'red', 'green',
         'blue', 'circle', 'square', 'left', 'right', 'box', 'a')
_SWIN = dict(model_type='swin', embed_dim=8, depths=[1, 1, 1, 1],
             num_heads=[1, 2, 2, 2], window_size=4, image_size=64,
             out_features=['stage2', 'stage3', 'stage4'])
_BERT = dict(model_type='bert', hidden_size=16, num_hidden_layers=1,
             num_attention_heads=2, intermediate_size=32, vocab_size=len(WORDS))
_DINO = dict(d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=32,
             decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2,
             num_queries=12, max_text_len=32, backbone_config=_SWIN, text_config=_BERT)
_TOWER = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=1,
              num_attention_heads=2)


def byte_vocabulary(end_of_word: str = '', special: tuple[str, ...] = ()
                    ) -> dict[str, int]:
    """Return a vocabulary of single bytes, as byte-level tokenizers write them."""
    from tokenizers.pre_tokenizers import ByteLevel
    letters = sorted(ByteLevel.alphabet())
    if end_of_word:
        letters += [letter + end_of_word for letter in letters]
    return {word: i for i, word in enumerate([*letters, *special])}


def _save(folder: Path, network: str, config: Any, tokenizer: Any,
          processor: dict) -> Path:
    """Write a model of random weights, its tokenizer and its image processor."""
    torch.manual_seed(0)
    model = getattr(transformers, network)(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    with quiet():
        model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    (folder / 'preprocessor_config.json').write_text(json.dumps(processor))
    return folder


def grounding_dino(folder: Path, kind: str = 'grounding-dino',
                   network: str = 'GroundingDinoForObjectDetection') -> Path:
    """Grounding DINO."""
    tokenizer = transformers.BertTokenizer(
        vocab={word: i for i, word in enumerate(WORDS)})
    return _save(folder, network, AutoConfig.for_model(kind, **_DINO), tokenizer,
                 dict(size=dict(shortest_edge=96, longest_edge=128)))


def mm_grounding_dino(folder: Path) -> Path:
    """MM-Grounding-DINO."""
    return grounding_dino(folder, 'mm-grounding-dino',
                          'MMGroundingDinoForObjectDetection')


def _clip_tokenizer(length: int) -> Any:
    vocab = byte_vocabulary('</w>', ('<|startoftext|>', '<|endoftext|>'))
    return transformers.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=length)


def owlv2(folder: Path) -> Path:
    """OWLv2."""
    tokenizer = _clip_tokenizer(16)
    config = AutoConfig.for_model(
        'owlv2', projection_dim=16,
        text_config=dict(_TOWER, vocab_size=len(tokenizer), max_position_embeddings=16,
                         eos_token_id=len(tokenizer) - 1,
                         bos_token_id=len(tokenizer) - 2),
        vision_config=dict(_TOWER, image_size=64, patch_size=16))
    return _save(folder, 'Owlv2ForObjectDetection', config, tokenizer,
                 dict(size=dict(height=64, width=64)))


def sam3(folder: Path) -> Path:
    """SAM 3."""
    tokenizer = _clip_tokenizer(32)
    part = dict(hidden_size=16, intermediate_size=32, num_attention_heads=2)
    config = AutoConfig.for_model(
        'sam3',
        vision_config=dict(
            fpn_hidden_size=16, backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]],
            backbone_config=dict(
                _TOWER, model_type='sam3_vit_model', image_size=56, patch_size=14,
                window_size=2, global_attn_indexes=[0], pretrain_image_size=28)),
        text_config=dict(
            _TOWER, model_type='clip_text_model', vocab_size=len(tokenizer),
            max_position_embeddings=32, projection_dim=16,
            eos_token_id=len(tokenizer) - 1, bos_token_id=len(tokenizer) - 2),
        geometry_encoder_config=dict(part, num_layers=1),
        detr_encoder_config=dict(part, num_layers=1),
        detr_decoder_config=dict(part, num_layers=1, num_queries=6),
        mask_decoder_config=dict(hidden_size=16, num_upsampling_stages=3,
                                 num_attention_heads=2))
    return _save(folder, 'Sam3Model', config, tokenizer,
                 dict(size=dict(height=56, width=56)))


def sam2(folder: Path) -> Path:
    """SAM 2."""
    config = AutoConfig.for_model(
        'sam2',
        vision_config=dict(
            backbone_config=dict(
                model_type='sam2_hiera_det_model', hidden_size=8, image_size=[64, 64],
                num_attention_heads=1, blocks_per_stage=[1, 1, 2, 1],
                embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[
                    1, 2, 2, 2], window_size_per_stage=[4, 4, 4, 4],
                global_attention_blocks=[3],
                window_positional_embedding_background_size=[4, 4]),
            backbone_channel_list=[64, 32, 16, 8],
            backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]], fpn_hidden_size=16),
        prompt_encoder_config=dict(hidden_size=16, image_size=64,
                                   mask_input_channels=4),
        mask_decoder_config=dict(hidden_size=16, mlp_dim=32, num_hidden_layers=1,
                                 num_attention_heads=2, iou_head_hidden_dim=16))
    return _save(folder, 'Sam2Model', config, None, dict(
        size=dict(height=64, width=64), image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225]))


def florence2(folder: Path) -> Path:
    """Florence-2; every second word of its vocabulary is a place."""
    special = ('<s>', '<pad>', '</s>', '<unk>', '<image>')
    places = tuple(f'<loc_{i}>' for i in range(1000))
    vocab = byte_vocabulary('', special)
    tokenizer = transformers.BartTokenizer(
        vocab=vocab, merges=[], bos_token='<s>', eos_token='</s>', pad_token='<pad>',
        unk_token='<unk>', cls_token='<s>', sep_token='</s>', mask_token='<unk>',
        extra_special_tokens=dict(image_token='<image>'))
    tokenizer.add_tokens(list(places))
    ids = dict(bos_token_id=vocab['<s>'], pad_token_id=vocab['<pad>'],
               eos_token_id=vocab['</s>'], decoder_start_token_id=vocab['</s>'])
    config = AutoConfig.for_model(
        'florence2', image_token_id=vocab['<image>'],
        text_config=dict(
            ids, model_type='bart', vocab_size=len(tokenizer), d_model=16,
            encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
            max_position_embeddings=256, forced_eos_token_id=vocab['</s>']),
        vision_config=dict(
            embed_dim=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2],
            num_groups=[1, 1, 2, 2], window_size=2, projection_dim=16,
            max_position_embeddings=8, max_temporal_embeddings=4))
    return _save(folder, 'Florence2ForConditionalGeneration', config, tokenizer,
                 dict(size=dict(height=64, width=64), do_center_crop=False,
                      resample=3))


def qwen3_vl(folder: Path, kind: str = 'qwen3_vl',
             network: str = 'Qwen3VLForConditionalGeneration') -> Path:
    """Qwen3-VL."""
    special = ('<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|vision_start|>',
               '<|vision_end|>', '<|image_pad|>', '<|video_pad|>')
    vocab = byte_vocabulary('', special)
    tokenizer = transformers.Qwen2Tokenizer(
        vocab=vocab, merges=[], pad_token='<|endoftext|>', eos_token='<|im_end|>',
        unk_token='<|endoftext|>', additional_special_tokens=list(special))
    text = dict(_TOWER, head_dim=8, num_key_value_heads=2, vocab_size=len(tokenizer),
                rope_parameters=dict(rope_type='default', mrope_section=[2, 1, 1]),
                pad_token_id=vocab['<|endoftext|>'],
                bos_token_id=None, eos_token_id=vocab['<|im_end|>'])
    vision = dict(depth=2, hidden_size=16, intermediate_size=32, num_heads=2,
                  patch_size=16, spatial_merge_size=2, temporal_patch_size=2,
                  out_hidden_size=16)
    if kind == 'qwen3_vl':
        vision.update(deepstack_visual_indexes=[0], num_position_embeddings=16)
    else:
        vision.update(patch_size=14, fullatt_block_indexes=[0], window_size=56)
    config = AutoConfig.for_model(
        kind, text_config=text, vision_config=vision,
        image_token_id=vocab['<|image_pad|>'], video_token_id=vocab['<|video_pad|>'],
        vision_start_token_id=vocab['<|vision_start|>'],
        vision_end_token_id=vocab['<|vision_end|>'])
    return _save(folder, network, config, tokenizer, dict(
        size=dict(shortest_edge=32 * 32, longest_edge=64 * 64),
        patch_size=vision['patch_size'], temporal_patch_size=2, merge_size=2))


def qwen25_vl(folder: Path) -> Path:
    """Qwen2.5-VL."""
    return qwen3_vl(folder, 'qwen2_5_vl', 'Qwen2_5_VLForConditionalGeneration')


#: Type of a grounder -> what saves a tiny model for it.
TINY: dict[str, Callable[[Path], Path]] = dict(
    GroundingDINO=grounding_dino, MMGroundingDINO=mm_grounding_dino, OWLv2=owlv2,
    SAM3=sam3, Florence2=florence2, Qwen3VL=qwen3_vl, Qwen25VL=qwen25_vl)
#: Types that answer in words.
WRITERS = ('Florence2', 'Qwen3VL', 'Qwen25VL')
