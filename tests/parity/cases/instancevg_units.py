"""Recorded parts of InstanceVG: encoder, pyramid, query start, decoder, keys, text."""
import re

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.rules import RULES
from segvg.datasets.sentencepiece import SentencePieceTokenizer
from segvg.models.backbones import BEiT3
from segvg.models.heads import InstanceHead
from segvg.models.heads.word_point_queries import (
    WordPointQueries,
    WordPointStart,
    choose_points,
    choose_words,
)
from segvg.models.layers import MLP
from segvg.models.layers.deformable_decoder import inverse_sigmoid
from segvg.models.layers.multiway import MultiwayLayer
from segvg.models.necks.mask_pyramid import UNetDecoder
from segvg.models.necks.simple_pyramid import SimplePyramid
from segvg.registry import MODELS
from segvg.structures import TextTokens, Tokens
from tests.parity.cases.instancevg_weights import (
    ENCODER,
    HEAD,
    exact,
    gradients,
    intermediate,
    load,
    output,
    part,
    weights_of,
)
from tests.parity.cases.transvg import CONFIGS, without_dropout
from tests.parity.comparison import Comparison, absolute, relative
from tests.parity.fill import image

HEAD_DIM = 64  # of BEiT-3's attention
GRADIENT_INPUTS = 1e-2


def noise(text: str) -> Tensor:
    """Return the noise that a text such as ``image(131, (4,16,256))`` names."""
    seed, shape = re.search(r'image\((\d+), *[(\[]([\d, ]+)[)\]]\)', text).groups()
    return torch.from_numpy(image(int(seed), tuple(map(int, shape.split(',')))))


def seeds_in(text: str) -> list[int]:
    """Return the seeds of the noise that a text names."""
    return [int(seed) for seed in re.findall(r'image\((\d+)', text)]


def like(seed: int, values: Tensor) -> Tensor:
    """Return noise of the shape of a tensor."""
    return torch.from_numpy(image(seed, tuple(values.shape)))


# -- encoder ---------------------------------------------------------------------------


def run_layer(case: dict) -> list[Comparison]:
    """Compare one multiway layer, its two branches and gradients."""
    meta = case['meta']
    hidden, channels = meta['shapes']['layer.ffn.A.fc1.weight']
    layer = MultiwayLayer(channels, channels // HEAD_DIM, hidden)
    weights = {name.removeprefix('layer.'): value
               for name, value in weights_of(meta, meta['shapes']).items()}
    ours = load(layer, weights, f'{ENCODER}encoder.layers.0.', 'encoder.layers.0.')
    tokens = noise(meta['inputs']['x']).requires_grad_()
    padding, split = torch.from_numpy(case['padding']), meta['inputs']['split']
    kept = {}
    layer.inner_norm.register_forward_hook(
        lambda _, inputs, out: kept.update(heads_joined_normalised=out))
    layer.out.register_forward_hook(
        lambda _, inputs, out: kept.update(attention_branch=out))
    layer.feed_forward.register_forward_hook(
        lambda _, inputs, out: kept.update(ffn_branch=out))
    out = layer(tokens, split, padding)
    seed, = seeds_in(meta['gradients'])
    (out * like(seed, out) * ~padding[..., None]).sum().backward()
    return [
        intermediate(case, 'out', out),
        *[intermediate(case, key, values) for key, values in kept.items()],
        relative('grad_input', part(case, 'grad_input', tokens.grad),
                 case['grad_input'], GRADIENT_INPUTS),
        *gradients(case, layer, ours)]


def run_embed(case: dict) -> list[Comparison]:
    """Compare the embedding, one layer and the last norm."""
    meta = case['meta']
    images = noise(meta['inputs']['image'])
    shapes = meta['shapes']
    hidden, channels = shapes['encoder.layers.0.ffn.A.fc1.weight']
    encoder = BEiT3(
        channels, 1, channels // HEAD_DIM, hidden=hidden, image_size=images.shape[-1],
        patch_size=shapes['vision_embed.proj.weight'][-1],
        vocab_size=shapes['text_embed.weight'][0])
    load(encoder.eval(), weights_of(meta, shapes), ENCODER, 'encoder.')
    text = TextTokens(torch.from_numpy(case['token_ids']),
                      torch.from_numpy(case['padding_mask']) == 1)
    kept = {}
    encoder.layers[0].register_forward_pre_hook(
        lambda _, inputs: kept.update(embedded=inputs[0]))
    encoder.layers[0].register_forward_hook(
        lambda _, inputs, out: kept.update(layer_out=out))
    with torch.no_grad():
        features = encoder(images, text)
    joined = torch.cat([features.class_token[:, None], features.image.feats,
                        features.text.feats], dim=1)
    words = kept['embedded'][:, -text.ids.shape[1]:]
    return [*[intermediate(case, key, values) for key, values in kept.items()],
            intermediate(case, 'encoder_out', joined),
            exact('padding', words[text.padding_mask].abs().max(),
                  case['embedded_padding_absmax'])]


# -- pyramid and masks -----------------------------------------------------------------


class MaskBranch(nn.Module):
    """Pyramid, mask features, global mask and existence under our names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.neck = nn.Module()
        self.neck.pyramid = SimplePyramid(channels, channels)
        self.neck.mask_decoder = UNetDecoder(channels)
        self.head = nn.Module()
        self.head.global_mask = nn.Conv2d(channels, 1, 1)
        self.head.existence = MLP(channels, channels, channels, 2)

    def forward(self, maps: Tensor) -> dict[str, Tensor]:
        """Return what is recorded, by name."""
        levels = self.neck.pyramid(maps)
        features = self.neck.mask_decoder(levels[::-1])
        existence = self.head.existence(features.flatten(2).transpose(1, 2)).mean(1)
        return dict(c1=levels[0], c2=levels[1], c3=levels[2], c4=levels[3],
                    mask_features=features, existence_logits=existence,
                    global_logits=self.head.global_mask(features))


def run_mask_branch(case: dict) -> list[Comparison]:
    """Compare maps and logits in both modes, running statistics and gradients."""
    meta = case['meta']
    maps = noise(meta['inputs']['x'])
    branch = MaskBranch(maps.shape[1])
    ours = load(branch, weights_of(meta, meta['shapes']), HEAD, '')
    with torch.no_grad():
        found = compare_branch(case, branch.eval()(maps), 'eval')
    maps.requires_grad_()
    out = branch.train()(maps)
    found += compare_branch(case, out, 'train')
    masks, features, existence = seeds_in(meta['gradients'])
    total = ((out['global_logits'] * like(masks, out['global_logits'])).mean()
             + (out['mask_features'] * like(features, out['mask_features'])).mean()
             + (out['existence_logits'] * like(existence, out['existence_logits'])
                ).sum())
    total.backward()
    buffers = dict(branch.named_buffers())
    for key in (key for key in case if key.startswith('train_bn')):
        name, _, kind = key.removeprefix('train_').partition('_running_')
        found.append(intermediate(case, key, buffers[
            ours[f'unet_decoder.{name}.running_{kind}']]))
    return [*found, relative('train_loss', total, case['train_loss'], 1e-4),
            relative('grad_input', part(case, 'train_grad_input', maps.grad),
                     case['train_grad_input'], GRADIENT_INPUTS),
            *gradients(case, branch, ours, 'train_grad_norms')]


def compare_branch(case: dict, out: dict[str, Tensor], mode: str) -> list[Comparison]:
    """Compare what the branch makes in a mode."""
    return [(output if 'logits' in key else intermediate)(case, f'{mode}_{key}', values)
            for key, values in out.items()]


# -- queries ---------------------------------------------------------------------------


def padding_of(lengths: list[int], size: int) -> Tensor:
    """Return the padding mask (B, L) of texts."""
    return torch.arange(size) >= torch.tensor(lengths)[:, None]


def compare_start(case: dict, start: WordPointQueries, words: Tokens, image: Tokens,
                  found: WordPointStart, prefix: str = '') -> list[Comparison]:
    """Compare words and points first, then the rest."""
    padded = nn.functional.pad(
        words.feats.masked_fill(words.padding_mask[..., None], 0),
        (0, 0, 0, max(0, start.num_queries - words.feats.shape[1])))
    mask = nn.functional.pad(words.padding_mask, (
        0, padded.shape[1] - words.feats.shape[1]), value=True)
    index, real = choose_words(Tokens(padded, mask), start.num_queries)
    chosen, _ = start.gather_words(words)
    read, maps = start.look(chosen, image)
    height, width = image.grid
    cells = ((found.points[..., 1] * height - 0.5).round() * width
             + (found.points[..., 0] * width - 0.5).round()).long()
    attention = maps if prefix else maps.unflatten(-1, image.grid)
    results = [
        exact(f'{prefix}word_index', index, case[f'{prefix}word_index']),
        exact(f'{prefix}words_valid', real, case[f'{prefix}words_valid']),
        exact(f'{prefix}point_index', cells, case[f'{prefix}point_index']),
        absolute(f'{prefix}points', found.points, case[f'{prefix}points'], 1e-7)]
    for key, values in (
            ('words', chosen), ('text_to_image_out', read),
            ('text_to_image_attention' if prefix else 'attention_per_query', attention),
            ('attention_map', found.attention), ('query', found.queries)):
        results.append(intermediate(case, prefix + key, values))
    return results


def run_start(case: dict) -> list[Comparison]:
    """Compare words, map, points, queries and gradients; points on given maps."""
    meta = case['meta']
    text, maps = (noise(meta['inputs'][key]).requires_grad_()
                  for key in ('text', 'image'))
    start = WordPointQueries(text.shape[-1], meta['queries'],
                             distance_weight=meta['distance_weight'])
    ours = load(without_dropout(start), weights_of(meta, meta['shapes']),
                f'{HEAD}query_generation.', 'head.start.')
    words = Tokens(text, padding_of(meta['inputs']['lengths'], text.shape[1]))
    image_tokens = Tokens(maps.flatten(2).transpose(1, 2), grid=tuple(maps.shape[-2:]))
    found = start(words, image_tokens)
    query_seed, map_seed = seeds_in(meta['gradients'])
    ((found.queries * like(query_seed, found.queries)).sum() + 100 * (
        found.attention * like(map_seed, found.attention)).sum()).backward()
    given = choose_points(torch.from_numpy(case['choice_maps']), meta['queries'],
                          meta['distance_weight'])
    with torch.no_grad():
        results = compare_start(case, start, words, image_tokens, found)
    return results + [
        exact('choice_index', given, case['choice_index']),
        *[relative(key, part(case, key, values.grad), case[key], GRADIENT_INPUTS)
          for key, values in (('grad_text', text), ('grad_image', maps))],
        *gradients(case, start, ours)]


class QueryDecoder(nn.Module):
    """The decoder layers and the reference under our names."""

    def __init__(self, channels: int, layers: int, hidden: int) -> None:
        super().__init__()
        init_default_scope('segvg')
        head = InstanceHead(dict(type='InstanceLoss'), channels, num_layers=layers,
                            hidden=hidden)
        head.point_pos = nn.Identity()  # the case gives positions
        self.layers, self.reference = head.layers, head.reference
        self.whole = [head]  # not registered

    def decode(self, *arguments):
        """Return states and reference."""
        return self.whole[0].decode(*arguments)


def run_decoder(case: dict) -> list[Comparison]:
    """Compare states, reference, gradients, and the clamped inverse sigmoid."""
    meta = case['meta']
    shapes = meta['shapes']
    hidden, channels = shapes['decoder.layers.0.ffns.0.layers.0.0.weight']
    count = 1 + max(int(number) for name in shapes
                    for number in re.findall(r'decoder\.layers\.(\d+)', name))
    decoder = QueryDecoder(channels, count, hidden)
    ours = load(without_dropout(decoder), weights_of(meta, shapes),
                f'{HEAD}decoder_transformer.', 'head.')
    head, = decoder.whole
    maps = [noise(text).requires_grad_() for text in meta['inputs']['maps']]
    query = noise(meta['inputs']['query']).requires_grad_()
    pos = noise(meta['inputs']['query_pos'])
    points = torch.from_numpy(case['points'])
    head.point_pos.forward = lambda points: pos
    without_dropout(head)
    states, reference = head.decode(WordPointStart(query, points, points), maps)
    seed, = seeds_in(meta['gradients'])
    (states * like(seed, states)).sum().backward()
    return [
        intermediate(case, 'states', states.flatten() if 'states' not in meta['rules']
                     else states),
        absolute('reference', reference, case['reference'], 1e-6),
        absolute('inverse sigmoid', inverse_sigmoid(torch.from_numpy(
            case['inverse_sigmoid_in'])), case['inverse_sigmoid_out'], 1e-6),
        *[relative(key, part(case, key, values.grad), case[key], GRADIENT_INPUTS)
          for key, values in (('grad_query', query),
                              *((f'grad_c{number}', values)
                                for number, values in enumerate(maps, 1)))],
        *gradients(case, decoder, ours)]


# -- keys and text ---------------------------------------------------------------------


def model_of(name: str) -> nn.Module:
    """Return a model without memory for the name of a key tree (``base_q10``)."""
    size, queries = re.fullmatch(r'(\w+)_q(\d+)', name).groups()
    cfg = Config.fromfile(CONFIGS / f'instancevg_{size}.py').model
    cfg.encoder.pop('init_cfg', None)
    cfg.head.num_queries = int(queries)
    init_default_scope('segvg')
    with torch.device('meta'):
        return MODELS.build(cfg)


def run_keys(case: dict) -> list[Comparison]:
    """Every key of every published tree has a place of its shape, or a reason."""
    found = []
    for name, tree in case['meta']['models'].items():
        state = {key: torch.empty(shape, device='meta')
                 for key, shape in tree['entries']}
        converted, report = convert_state_dict(state, RULES['instancevg'])
        own = model_of(name).state_dict()
        differs = {key for key in {*own, *converted} if key not in own
                   or key not in converted or own[key].shape != converted[key].shape}
        found += [exact(f'{name} unplaced', len(report.unplaced), 0),
                  exact(f'{name} differ', len(differs), 0),
                  exact(f'{name} entries', len(report.renamed) + len(report.dropped),
                        len(tree['entries']))]
    return found


def run_tokenizer(case: dict) -> list[Comparison]:
    """Compare cleaned texts."""
    texts = [SentencePieceTokenizer.clean(text) for text in case['meta']['input']]
    return [exact('texts', np.array([ours != recorded for ours, recorded in zip(
        texts, case['meta']['output'], strict=True)]), np.zeros(len(texts)))]


UNITS = dict(
    unit_beit3_layer=run_layer, unit_beit3_embed=run_embed,
    unit_pyramid_mask_branch=run_mask_branch, unit_query_init=run_start,
    unit_deformable_decoder=run_decoder, unit_checkpoint_keys=run_keys,
    unit_tokenizer=run_tokenizer)
