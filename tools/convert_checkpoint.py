"""Convert a published checkpoint to segvg; a key that no rule knows is an error."""
import argparse

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import fail
from segvg.utils.exits import one_line_errors

#: Those of ``segvg.checkpoints.rules``.
METHODS = (
    'beit3', 'detr', 'instancevg', 'mdetr', 'mobilenet_v2', 'mt_siri', 'partial_res',
    'reftr', 'rela', 'rela_original', 'resnet', 'segvg', 'seqtr', 'siri', 'swin',
    'transvg')


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('method', choices=METHODS, help='whose checkpoint it is; '
                        'detr, resnet: the initial weights of an image encoder')
    parser.add_argument('input', help='published checkpoint')
    parser.add_argument('output', help='file to write; NAME.safetensors is written in '
                        'that form')
    parser.add_argument('--average', action='store_true',
                        help='take the averaged weights of the file '
                        '(ema_state_dict; SeqTR, Partial-RES)')
    parser.add_argument('--config', metavar='FILE.py', help='config of the model; '
                        'it is stored in the output, so that tools/infer.py needs no '
                        'other file')
    add_overwrite(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.checkpoints.convert import convert_file
from segvg.checkpoints.io import save_weights
from segvg.utils.configs import load
from segvg.utils.fast_config_dump import plain_text


@one_line_errors
def main() -> None:
    """Convert."""
    args = parse_args()
    check_outputs([args.output], [args.input], overwrite=args.overwrite)
    meta = dict(method=args.method)
    try:
        if args.config:
            meta['cfg'] = plain_text(load(args.config))
        converted, report = convert_file(args.input, args.method,
                                         average=args.average)
    except (FileNotFoundError, ValueError) as error:
        fail(error)
    save_weights(args.output, converted, meta)
    print(f'{len(report.renamed) + len(report.dropped)} keys: {len(report.renamed)} '
          f'renamed, {len(report.dropped)} dropped')
    for reason in sorted(set(report.dropped.values())):
        keys = [key for key, why in report.dropped.items() if why == reason]
        more = ', ...' if len(keys) > 1 else ''
        print(f'  dropped, {reason}: {len(keys)} ({keys[0]}{more})')
    print(f'written: {args.output}')


if __name__ == '__main__':
    main()
