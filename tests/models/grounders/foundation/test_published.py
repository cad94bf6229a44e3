"""Which settings of a published model are ignored."""
import json

import transformers

from segvg.models.grounders.foundation.published import plain_config


def test_kernels_and_quantization_of_a_published_model_are_ignored(tmp_path):
    stranger = dict(attn_implementation='stranger/attention')
    (tmp_path / 'config.json').write_text(json.dumps(dict(
        model_type='owlv2', text_config=dict(hidden_size=8, **stranger), **stranger,
        quantization_config=dict(quant_method='bitsandbytes', load_in_4bit=True))))
    network = transformers.Owlv2ForObjectDetection
    asked = network.config_class.from_pretrained(tmp_path)
    assert asked.text_config._attn_implementation == 'stranger/attention'
    taken = plain_config(network, str(tmp_path))
    for part in (taken, taken.text_config, taken.vision_config):
        assert part._attn_implementation is None
    assert not hasattr(taken, 'quantization_config')
    assert taken.text_config.hidden_size == 8
