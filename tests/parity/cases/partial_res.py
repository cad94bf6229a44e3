"""Runs recorded cases of Partial-RES."""
import re

import numpy as np
import torch
from torch import nn

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.io import load_strictly
from segvg.checkpoints.rules import RULES
from segvg.engine.workflows.pseudo_masks import (
    judge,
    projection_term,
    published_selection,
)
from segvg.models.heads import ContourHead
from segvg.models.layers import GaussianDecoderLayer
from segvg.structures import Tokens
from tests.parity.cases import seqtr
from tests.parity.comparison import Comparison, absolute, relative, scaled
from tests.parity.fill import image


def run_model(case: dict) -> list[Comparison]:
    """Compare a recorded model as one of SeqTR."""
    return seqtr.run_model(case, 'partial_res', 'partial_res_darknet53.py')


def image_sizes(text: str) -> list[tuple[int, tuple[int, ...]]]:
    """Return seed and shape of the inputs that are noise by rule, in order."""
    found = re.findall(r'image\((\d+),\s*\(([\d,\s]+)\)', text)
    return [(int(seed), tuple(map(int, shape.split(',')))) for seed, shape in found]


def run_decoder_layer(case: dict) -> list[Comparison]:
    """Compare a decoder layer and its bias."""
    meta = case['meta']
    index, = re.search(r'decoder\.layers\.(\d+)\.', meta['parameters']).groups()
    prefix = f'head.transformer.decoder.layers.{index}.'
    shapes = {f'{prefix}{name}': shape for name, shape in meta['shapes'].items()}
    converted, _ = convert_state_dict(seqtr.weights_of(shapes), RULES['partial_res'])
    channels = shapes[f'{prefix}norm1.weight'][0]
    layer = GaussianDecoderLayer(channels, 8, shapes[f'{prefix}linear1.bias'][0]).eval()
    load_strictly(layer, {name.removeprefix(f'head.decoder.layers.{index}.'): value
                          for name, value in converted.items()}, 'the recorded case')
    (first, of_tokens), (second, of_memory) = image_sizes(meta['inputs'])
    third, fourth = map(int, re.findall(r'image\((\d+),\s*same', meta['inputs']))
    tokens, memory, pos, query_pos = (
        torch.from_numpy(image(seed, shape)) for seed, shape in (
            (first, of_tokens), (second, of_memory), (third, of_memory),
            (fourth, of_tokens)))
    grid = tuple(int(side) for side in re.search(
        r'h=(\d+), w=(\d+)', meta['inputs']).groups())
    padding = torch.ones(len(memory), *grid, dtype=torch.bool)
    for mask, (rows, columns) in zip(padding, case['in/valid_hw']):
        mask[:rows, :columns] = False
    padding = nn.functional.pad(padding.flatten(1), (0, 1), value=False)
    memory = Tokens(memory, padding, pos, grid)
    seen = []
    layer.point.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        # the positions differ by sample here, which the layer broadcasts
        out, _ = layer(tokens, query_pos, memory, layer.memory_keys(memory))
        bias = layer.bias(seen[0], memory)
    key = next(key for key in case if key.startswith('out/gaussian_bias_heads_'))
    heads = [int(head) for head in key.split('heads_')[1].split('_')]
    return [relative('bias', bias[:, heads], case[key], 1e-5),
            scaled('layer_output', out, case['out/layer_output'])]


def run_co_content(case: dict) -> list[Comparison]:
    """Compare what the decoder reads: start, embeddings, image content."""
    tokens = torch.from_numpy(case['in/tokens'])
    grid = (case['meta']['h'], case['meta']['w'])
    head = ContourHead([dict(type='ContourPart', num_points=tokens.shape[1] // 2)],
                       dict(type='SequenceLoss'), channels=256, num_layers=1)
    with torch.no_grad():
        for table, name in ((head.token_embed, 'query_embedding'),
                            (head.start_embed, 'task_prompt')):
            key = f'head.transformer.{name}.weight'
            table.weight.copy_(seqtr.weights_of({key: table.weight.shape})[key])
        (seed, shape), = image_sizes(case['meta']['inputs'])
        feats = torch.from_numpy(image(seed, shape))
        memory = Tokens(feats, None, None, grid)
        ours = torch.cat([head.start(0, memory), head.embed(tokens, 0, memory)], dim=1)
    return [scaled('decoder_input', ours, case['out/decoder_input'])]


def run_projection_term(case: dict) -> list[Comparison]:
    """Compare the distance of masks from boxes."""
    ours = projection_term(case['in/mask'][0], case['in/box_mask'][0])
    return [absolute('project_term', ours, case['out/project_term'], 1e-6)]


def run_rpp_selection(case: dict) -> list[Comparison]:
    """Compare which predictions are kept, by the published and by the meant rule."""
    shape = case['in/masks_shape']
    masks = np.unpackbits(case['in/pred_masks'])[:shape.prod()].reshape(shape)
    entries = case['meta']['train']
    numbers = [number for number in range(len(entries))
               if number not in case['in/labelled']]
    verdicts = []
    for number in numbers:
        x, y, width, height = entries[number]['bbox']
        bbox = (x, y, x + width, y + height)
        verdicts.append(judge(masks[number].astype(bool), bbox))
    kept, leaked = published_selection(verdicts)
    terms = {number: verdict for number, verdict in zip(numbers, verdicts)
             if verdict.term is not None}
    ours = dict(
        kept_official=[numbers[place] for place in kept],
        kept_with_gt_mask_by_bug=[numbers[place] for place in leaked],
        kept_intended_rule=[number for number, verdict in zip(numbers, verdicts)
                            if verdict.kept],
        project_term_index=list(terms),
        num_polygons=[len(verdict.polygons) for verdict in terms.values()])
    results = [absolute(name, values, case[f'out/{name}'], 0.0)
               for name, values in ours.items()]
    results.append(absolute(
        'project_term', [verdict.term for verdict in terms.values()],
        case['out/project_term'], 1e-6))
    for number, recorded in case['meta']['output_masks'].items():
        if int(number) in terms and terms[int(number)].kept:
            results.append(absolute(
                f'polygon {number}', terms[int(number)].polygons, recorded, 0.0))
    return results


#: Unit name -> runner; a file belongs to the longest name that begins its own.
UNITS = dict(unit_decoder_layer_gaussian=run_decoder_layer,
             unit_co_content=run_co_content,
             unit_projection_term=run_projection_term,
             unit_rpp_selection=run_rpp_selection)
