"""Time the decoding of a SeqTR contour with and without its key-value cache."""
import argparse
import json
from functools import partial

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_device, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config with a SequenceHead')
    parser.add_argument('--batch-sizes', type=int, nargs='+', default=[1, 16],
                        metavar='N', help='expressions a batch (default: 1 16)')
    parser.add_argument('--iters', type=int, default=3, metavar='N',
                        help='measured steps (default: %(default)s)')
    add_device(parser)
    parser.add_argument('--json', metavar='F.json',
                        help='write the figures to this file')
    add_overwrite(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import torch
from mmengine.registry import init_default_scope
from torch import Tensor

from segvg.apis.inferencer import pick_device
from segvg.models.heads import SequenceHead
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens
from segvg.utils.configs import load
from segvg.utils.profiling import time_steps

GRID = (20, 20)  # of a canvas of 640 x 640


def decode_without_cache(head: SequenceHead, fused: FusedFeatures) -> list[Tensor]:
    """Return what ``head`` generates, reading the whole prefix at every step."""
    done: list[Tensor] = []
    for part in head.parts:
        tokens = torch.zeros((len(fused.memory.feats), 0), dtype=torch.int64,
                             device=fused.memory.feats.device)
        for step in range(part.num_steps):
            logits = head.logits(fused.memory, [*done, tokens])[:, -1]
            if step < part.min_steps:
                logits = logits[:, :head.end]
            tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
        done.append(tokens)
    return done


def make_head(config: str, device: torch.device) -> SequenceHead:
    """Return the head of a config with random weights that never choose END."""
    init_default_scope('segvg')
    torch.manual_seed(0)
    head = MODELS.build(load(config).model.head).to(device).eval()
    torch.nn.init.constant_(head.predictor.layers[-1].bias[head.end:], -1e4)
    return head


@torch.no_grad()
@one_line_errors
def main() -> None:
    """Measure."""
    args = parse_args()
    check_outputs([args.json], [args.config], overwrite=args.overwrite)
    try:
        device = pick_device(args.device)
        head = make_head(args.config, device)
    except ValueError as error:
        fail(error)
    rows = []
    for batch in args.batch_sizes:
        shape = (batch, GRID[0] * GRID[1], head.channels)
        feats, pos = torch.randn(2, *shape, device=device)
        mask = torch.zeros(shape[:2], dtype=torch.bool, device=device)
        fused = FusedFeatures(Tokens(feats, mask, pos, GRID), slice(0, shape[1]),
                              (640, 640))
        ours, plain = (time_steps(partial(decode, fused), args.iters, 1, device)['min']
                       for decode in (head, partial(decode_without_cache, head)))
        same = all(map(torch.equal, head(fused), decode_without_cache(head, fused)))
        rows.append(dict(batch_size=batch, cache=ours, no_cache=plain,
                         ratio=plain / ours, same_tokens=same))
        print(f'batch {batch:3d}: {1000 * ours:8.1f} ms with the cache, '
              f'{1000 * plain:8.1f} ms without, ratio {plain / ours:.1f}, '
              f'tokens {"equal" if same else "differ"}')
    if args.json:
        write_whole(args.json, json.dumps(rows, indent=2) + '\n')


if __name__ == '__main__':
    main()
