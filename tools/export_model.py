"""Export a trained model as ONNX, torch.export or TorchScript files, and check them.

    python tools/export_model.py configs/segvg/segvg_tiny_synthref_l0.py \\
        work_dirs/segvg_tiny_synthref_l0/epoch_7.pth --out exported/segvg
    python tools/export_model.py instancevg-b-refcoco --out exported/instancevg
    python tools/infer.py street.jpg --text 'left man' --out-dir found \\
        --checkpoint exported/segvg.export.json

Three graphs are written: the whole model, the image encoder, and the rest of it, so
that an image is encoded once for all its sentences. infer.py runs the last two by
onnxruntime.
"""
import argparse
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.export.formats import FORMATS, GRAPHS, graph_path, manifest_path
from segvg.utils.command_line import add_config_options, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', metavar='CONFIG|NAME',
                        help='config file; or, without a checkpoint, a published model '
                        'by its name, fetched on first use (segvg download --list), a '
                        'folder of a model, OWNER/NAME on the Hugging Face hub, or a '
                        'checkpoint that holds its config')
    parser.add_argument('checkpoint', nargs='?', help='checkpoint file of the config')
    parser.add_argument('--out', metavar='PATH', type=Path, required=True,
                        help='path of the new files without an ending')
    parser.add_argument('--format', choices=FORMATS, default='onnx',
                        help='onnx is what infer.py runs (default: %(default)s)')
    parser.add_argument('--shape', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help='size of the images that the graphs take; smaller ones '
                        'are padded to it (default: the canvas of the config)')
    parser.add_argument('--any-size', action='store_true',
                        help='make the graph of the whole model for images of any '
                        'height and width (not TransVG, SegVG, InstanceVG, ReLA)')
    add_overwrite(parser)
    add_config_options(parser)
    args = parser.parse_args()
    if args.cfg_options and Path(args.model).suffix != '.py':
        parser.error('--cfg-options changes a config file, and none is given')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import torch
from mmengine.registry import DefaultScope

import segvg.models  # noqa: F401  registers the models
from segvg.apis.model_source import ModelSource, find_model
from segvg.checkpoints.io import load_strictly, state_dict_of
from segvg.checkpoints.published import takes_published
from segvg.export.files import canvas_of, export_grounder, longest_text
from segvg.models.grounders.base import BaseGrounder
from segvg.registry import MODELS
from segvg.utils.configs import drop_init
from segvg.utils.fast_config_dump import plain_text


def build_model(source: ModelSource) -> BaseGrounder:
    """Return a model with its weights.

    Raises:
        ValueError: it is a foundation model, or exported already.
    """
    model = source.config.copy().model
    if takes_published(model):
        raise ValueError(f'{model.type} is a foundation model of transformers: it '
                         'cannot be exported')
    if source.is_exported:
        raise ValueError(f'{source.weights} is exported already')
    drop_init(model)
    with DefaultScope.overwrite_default_scope('segvg'):
        model = MODELS.build(model)
    load_strictly(model, state_dict_of(source.content), str(source.weights))
    return model


@one_line_errors
@torch.no_grad()
def main() -> None:
    """Export, and print the largest difference between the graphs and PyTorch."""
    args = parse_args()
    graphs = [graph_path(args.out, graph, args.format) for graph in GRAPHS]
    check_outputs([*graphs, manifest_path(args.out)],
                  filter(None, [args.model, args.checkpoint]), overwrite=args.overwrite)
    try:
        source = find_model(args.model, args.checkpoint, args.cfg_options)
        cfg, model = source.config, build_model(source)
        shape = tuple(args.shape) if args.shape else canvas_of(cfg)
        manifest = export_grounder(
            model, args.out, canvas_shape=shape, max_tokens=longest_text(cfg),
            format=args.format, pad_id=model.data_preprocessor.text_pad_id,
            any_size=args.any_size,
            notes=dict(config=plain_text(cfg)))
    except (FileNotFoundError, ValueError, ImportError) as error:
        fail(error)
    print(f'canvas {shape[0]} x {shape[1]}, up to {manifest["max_tokens"]} tokens'
          + (' (shorter ones are padded)' if manifest['fixed_length'] else ''))
    if manifest['any_size']:
        print('the whole graph takes images of any size')
    for graph in manifest['graphs'].values():
        worst = max(graph['largest_difference'].values())
        print(f'{args.out.with_name(graph["file"])}  {graph["bytes"] / 2**20:.1f} MiB  '
              f'largest difference to PyTorch {worst:.1e}')


if __name__ == '__main__':
    main()
