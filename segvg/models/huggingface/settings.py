"""The settings of an encoder: given in a config, or read from a published model."""
from typing import Any, Mapping, Union

from segvg.utils.errors import InputError
from segvg.utils.hub_files import find_model_file, read_model_json

#: Models with two towers; the settings of each stand in a part of their own.
TWO_TOWERS = ('clip', 'siglip', 'siglip2')
#: What a file may say that is not about the architecture: code to fetch, other
#: kernels, number types, and how the weights were stored.
NOT_TAKEN = (
    '_attn_implementation', '_experts_implementation', '_name_or_path',
    'architectures', 'attn_implementation', 'auto_map', 'dtype', 'fusion_config',
    'kernel_config', 'quantization_config', 'torch_dtype', 'transformers_version',
    'use_kernels')
#: Settings that change what is computed but no shape of a weight, so that loading
#: weights would not find a difference.
SHAPELESS = (
    'activation_function', 'depths', 'downsample_in_bottleneck', 'eos_token_id',
    'feed_forward_proj', 'global_attn_every_n_layers', 'hidden_act',
    'hidden_activation', 'layer_norm_eps', 'layer_norm_epsilon', 'layer_type',
    'local_attention', 'max_relative_positions', 'norm_eps', 'num_attention_heads',
    'num_heads', 'num_hidden_layers', 'num_layers', 'pad_token_id', 'patch_size',
    'pos_att_type', 'position_buckets', 'rope_parameters', 'rope_theta', 'tf_padding',
    'window_size', 'window_block_indices')


def read_values(name: str) -> dict[str, Any]:
    """Return the settings in ``config.json`` of a folder or of a model on the hub.

    Raises:
        FileNotFoundError: neither folder nor hub has it.
        InputError: the file cannot be read.
    """
    path = find_model_file(
        name, ['config.json'], 'settings of an encoder',
        'Put config.json and the weights (model.safetensors) of the model into a '
        'folder and name that folder, or write the settings as config=dict('
        "model_type='...', ...)")
    return read_model_json(path)


def model_settings(config: Union[Mapping[str, Any], str], tower: str) -> Any:
    """Return the settings of an encoder as transformers' configuration object.

    Nothing that a file says is run: a program that a published model brings is never
    fetched, and what asks for one (``auto_map``) is not taken.

    Args:
        config: ``model_type`` and the values that differ from the defaults of that
            architecture; or a folder with ``config.json``, or a model on the hub.
        tower: ``'vision'`` or ``'text'``, which one of a model with both.

    Raises:
        FileNotFoundError: the folder or model does not exist.
        InputError: the settings name no architecture or one that transformers lacks,
            or do not fit it.
    """
    values = read_values(config) if isinstance(config, str) else dict(config)
    source = config if isinstance(config, str) else 'config'
    model_type = values.pop('model_type', None)
    if model_type in TWO_TOWERS:
        values = dict(values.get(f'{tower}_config') or {})
        values.pop('model_type', None)
        model_type = f'{model_type}_{tower}_model'
    if not isinstance(model_type, str):
        raise InputError(f"{source} of an encoder lacks 'model_type', the name of the "
                         "architecture in transformers, e.g. 'dinov2' or 'bert'")
    from transformers import AutoConfig
    taken = {key: value for key, value in values.items() if key not in NOT_TAKEN}
    try:
        return AutoConfig.for_model(model_type, **taken)
    except Exception as error:  # its checks have no common class
        import transformers
        reason = ' '.join(str(error).split())[:300]
        raise InputError(
            f'{source}: transformers {transformers.__version__} cannot make an '
            f'encoder {model_type!r} of these settings ({reason})') from None


def check_same(ours: Any, published: Any, source: str) -> None:
    """Refuse weights that were trained with other settings than those of an encoder.

    Only settings are compared that no shape of a weight shows.

    Raises:
        InputError: some differ.
    """
    own, other = ours.to_dict(), published.to_dict()
    told = [f'{key} is {other[key]!r} there and {own[key]!r} here'
            for key in SHAPELESS if key in own and key in other
            and own[key] != other[key]]
    if ours.model_type != published.model_type:
        told = [f'model_type is {published.model_type!r} there and '
                f'{ours.model_type!r} here']
    if told:
        raise InputError(f'{source} was trained with other settings than the config '
                         f'of the encoder says: {"; ".join(told)}')
