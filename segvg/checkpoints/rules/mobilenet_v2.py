"""MobileNetV2 as one list of layers -> the names of transformers' MobileNetV2Model."""
from segvg.checkpoints.rules.common import Drop, Rule

#: Blocks after the stem.
NUM_BLOCKS = 16


def _unit(source: str, index: int, target: str) -> list[Rule]:
    """Return rules for a convolution at an index and the normalization after it."""
    return [(rf'{source}\.{index}\.(weight)', rf'{target}.convolution.\1'),
            (rf'{source}\.{index + 1}\.(weight|bias|running_mean|running_var|'
             r'num_batches_tracked)', rf'{target}.normalization.\1')]


def _block(number: int) -> list[Rule]:
    """Return rules for an inverted residual after the stem, counted from 0."""
    source, target = rf'features\.{number + 2}\.conv', f'layer.{number}'
    return [rule for index, part in ((0, 'expand_1x1'), (3, 'conv_3x3'),
                                     (6, 'reduce_1x1'))
            for rule in _unit(source, index, f'{target}.{part}')]


#: The form in which several packages bring the weights of ImageNet: activations are
#: layers of the list and count.
MOBILENET_V2_RULES: list[Rule] = [
    *_unit(r'features\.0', 0, 'conv_stem.first_conv'),
    *_unit(r'features\.1\.conv', 0, 'conv_stem.conv_3x3'),
    *_unit(r'features\.1\.conv', 3, 'conv_stem.reduce_1x1'),
    *[rule for number in range(NUM_BLOCKS) for rule in _block(number)],
    *_unit(rf'features\.{NUM_BLOCKS + 2}', 0, 'conv_1x1'),
    (r'classifier\..+', Drop('the classifier is not used')),
]
