"""Files with some of the objects of a canonical file, given or chosen at random."""
from pathlib import Path
from typing import Mapping, Optional, Sequence, Union

import numpy as np

from segvg.annotations.canonical import CanonicalFile, CanonicalWriter, ref_positions
from segvg.annotations.outputs import MaskCopies, check_output

#: The numbers in the file of the expressions of one object (a ref).
Ref = tuple[int, ...]


def refs_of(lines: CanonicalFile) -> list[Ref]:
    """Return the refs of a file, each as the numbers of its expressions, in order."""
    refs = []
    for number, line in enumerate(lines):
        start = int(lines.expr_starts[number])
        refs += [tuple(start + position for position in ref)
                 for ref in ref_positions(line)]
    return refs


def draw_refs(lines: CanonicalFile, percent: float, seed: int) -> list[Ref]:
    """Return a random part of the refs of a file, at least one, in order.

    Raises:
        ValueError: ``percent`` is not above 0 and at most 100.
    """
    if not 0 < percent <= 100:
        raise ValueError(f'percent is above 0 and at most 100, not {percent}')
    refs = refs_of(lines)
    count = max(round(len(refs) * percent / 100), 1)
    chosen = np.random.default_rng(seed).choice(len(refs), count, replace=False)
    return [refs[index] for index in sorted(chosen)]


def write_refs(source: CanonicalFile, chosen: Mapping[Ref, Optional[dict]],
               out_dir: Union[str, Path], name: str, note: dict, *,
               overwrite: bool = True) -> Path:
    """Write a canonical file with some refs of another, and only their instances.

    Args:
        source: the whole file.
        chosen: ref -> None to keep its masks, or the mask record that replaces them.
            Where two refs share an instance, a kept mask wins over a replaced one.
        out_dir: folder of the new file.
        name: of the new data set; the split stays.
        note: what to remember in the meta file.
        overwrite: whether a file of this name is replaced; the source never is.

    Returns:
        The new file.
    """
    meta = {key: value for key, value in source.meta.items() if key != 'splits'}
    path = Path(out_dir) / f'{name}_{source.split}.jsonl'
    check_output(path, [source.path], overwrite=overwrite)
    masks = MaskCopies(source.path.parent, Path(out_dir), overwrite=overwrite)
    with CanonicalWriter(out_dir, name, {**meta, **note}) as writer:
        for number, line in enumerate(source):
            start = int(source.expr_starts[number])
            refs = {ref: chosen[ref] for ref in (
                tuple(start + position for position in positions)
                for positions in ref_positions(line)) if ref in chosen}
            if refs:
                part = _line_of(line, {
                    tuple(number - start for number in ref): mask
                    for ref, mask in refs.items()})
                masks.copy(part)
                writer.write(part)
    return path


def _line_of(line: dict, refs: Mapping[Sequence[int], Optional[dict]]) -> dict:
    """Return a line with some of its refs, given by the positions of their expressions.
    """
    exprs, segments = [], {}
    for positions, mask in sorted(refs.items(), key=lambda ref: ref[1] is None):
        for position in positions:
            expr = line['exprs'][position]
            exprs.append((position, expr))
            for target in expr['targets']:
                segments[target] = (line['instances'][target].get('segm')
                                    if mask is None else mask)
    order = {target: index for index, target in enumerate(sorted(segments))}
    instances = [{**line['instances'][target], 'segm': segments[target]}
                 for target in order]
    kept = [{**expr, 'targets': [order[target] for target in expr['targets']]}
            for _, expr in sorted(exprs, key=lambda item: item[0])]
    return {**line, 'instances': instances, 'exprs': kept}
