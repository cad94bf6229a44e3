"""Turn a published checkpoint into one of segvg, every key accounted for."""
import argparse
from pathlib import Path

import torch

from segvg.checkpoints.io import (
    RULES,
    convert_state_dict,
    load_checkpoint,
    state_dict_of,
)
from segvg.engine.launch import fail


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('method', choices=sorted(RULES), help='whose checkpoint it is; '
                        'detr, resnet: the initial weights of an image encoder')
    parser.add_argument('input', help='published checkpoint')
    parser.add_argument('output', help='file to write')
    parser.add_argument('--average', action='store_true',
                        help='take the averaged weights of the file '
                        '(ema_state_dict; SeqTR, Partial-RES)')
    return parser.parse_args()


def main() -> None:
    """Convert."""
    args = parse_args()
    try:
        checkpoint = load_checkpoint(args.input)
        if args.average:
            if 'ema_state_dict' not in checkpoint:
                raise ValueError(f'{args.input} has no averaged weights')
            checkpoint = checkpoint['ema_state_dict']
        state = state_dict_of(checkpoint)
        converted, report = convert_state_dict(state, RULES[args.method])
        report.raise_unplaced(args.method)
        if not converted:
            raise ValueError(f'{args.input} holds nothing of {args.method}')
    except (FileNotFoundError, ValueError) as error:
        fail(error)
    Path(args.output).parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=converted, meta=dict(method=args.method)), args.output)
    print(f'{len(state)} keys: {len(report.renamed)} renamed, {len(report.dropped)} '
          f'dropped')
    for reason in sorted(set(report.dropped.values())):
        keys = [key for key, why in report.dropped.items() if why == reason]
        more = ', ...' if len(keys) > 1 else ''
        print(f'  dropped, {reason}: {len(keys)} ({keys[0]}{more})')
    print(f'written: {args.output}')


if __name__ == '__main__':
    main()
