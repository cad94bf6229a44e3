"""Settings of small encoders of transformers, and what saves them as published."""
import contextlib

import torch
from transformers import AutoConfig, PreTrainedModel
from transformers.utils import logging

_VIT = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=32)
_STAGES = dict(hidden_sizes=[8, 16, 32, 64], depths=[1, 1, 1, 1])
_SWIN = dict(embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8], window_size=4,
             image_size=64)

#: Image encoders; the canvas of the tests is 64 x 96.
VISION = dict(
    dinov2=dict(_VIT, model_type='dinov2', image_size=32, patch_size=16),
    dinov2_with_registers=dict(_VIT, model_type='dinov2_with_registers', image_size=32,
                               patch_size=16, num_register_tokens=2),
    dinov3_vit=dict(_VIT, model_type='dinov3_vit', image_size=32, patch_size=16,
                    num_register_tokens=2),
    clip=dict(_VIT, model_type='clip_vision_model', image_size=32, patch_size=16),
    siglip=dict(_VIT, model_type='siglip_vision_model', image_size=32, patch_size=16),
    siglip2=dict(_VIT, model_type='siglip2_vision_model', num_patches=4, patch_size=16),
    vitdet=dict(model_type='vitdet', hidden_size=16, num_hidden_layers=2,
                num_attention_heads=2, image_size=64, pretrain_image_size=64,
                patch_size=16, window_size=2, window_block_indices=[0]),
    dinov3_convnext=dict(_STAGES, model_type='dinov3_convnext'),
    convnext=dict(_STAGES, model_type='convnext'),
    convnextv2=dict(_STAGES, model_type='convnextv2'),
    swin=dict(_SWIN, model_type='swin'),
    swinv2=dict(_SWIN, model_type='swinv2'),
    resnet=dict(_STAGES, model_type='resnet', embedding_size=8, layer_type='basic'))

_SPECIAL = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, vocab_size=20)
_T5 = dict(_SPECIAL, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2,
           decoder_start_token_id=0)
_TEXT = dict(_VIT, **_SPECIAL, max_position_embeddings=16)

#: Text encoders: 20 words, 0 is padding, 1 begins and 2 ends a text.
TEXT = dict(
    bert=dict(_TEXT, model_type='bert'),
    roberta=dict(_TEXT, model_type='roberta', type_vocab_size=1),
    xlm_roberta=dict(_TEXT, model_type='xlm-roberta', type_vocab_size=1),
    mpnet=dict(_TEXT, model_type='mpnet'),
    electra=dict(_TEXT, model_type='electra', embedding_size=16),
    distilbert=dict(_SPECIAL, model_type='distilbert', dim=16, n_layers=2, n_heads=2,
                    hidden_dim=32, max_position_embeddings=16),
    deberta_v1=dict(_TEXT, model_type='deberta', relative_attention=True,
                    position_biased_input=False, pos_att_type=['p2c', 'c2p'],
                    type_vocab_size=0),
    deberta=dict(_TEXT, model_type='deberta-v2', relative_attention=True,
                 position_biased_input=False, pos_att_type=['p2c', 'c2p'],
                 type_vocab_size=0),
    modernbert=dict(_TEXT, model_type='modernbert', cls_token_id=1, sep_token_id=2,
                    global_attn_every_n_layers=2, local_attention=4),
    clip=dict(_TEXT, model_type='clip_text_model', eos_token_id=19),
    siglip=dict(_TEXT, model_type='siglip_text_model', projection_size=16),
    siglip2=dict(_TEXT, model_type='siglip2_text_model', projection_size=16),
    t5=dict(_T5, model_type='t5'), mt5=dict(_T5, model_type='mt5'),
    umt5=dict(_T5, model_type='umt5'))


def settings_of(config: dict):
    """Settings of transformers for one of the dicts above."""
    values = dict(config)
    return AutoConfig.for_model(values.pop('model_type'), **values)


def save(model: PreTrainedModel, folder) -> None:
    """Save a model as it would be published."""
    with quiet():
        model.save_pretrained(folder)


@contextlib.contextmanager
def quiet():
    """Let transformers draw no progress bars."""
    logging.disable_progress_bar()
    yield
    logging.enable_progress_bar()


def spread(model: torch.nn.Module) -> None:
    """Draw every weight and statistic again: none is what it would be by chance."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.normal_(0, 0.3)
                if 'norm' in name or name.endswith('running_var'):
                    value.abs_().add_(0.5)
