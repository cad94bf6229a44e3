"""A seeded part of the objects of a training file, and files of chosen objects."""
from pathlib import Path
from typing import Mapping, Optional, Sequence, Union

import numpy as np

from segvg.annotations.canonical import CanonicalFile, CanonicalWriter, ref_positions

#: Running numbers of the expressions of an object (a ref).
Ref = tuple[int, ...]


def refs_of(lines: CanonicalFile) -> list[Ref]:
    """Return the refs of a file, each as the numbers of its expressions, in order."""
    refs = []
    for number, line in enumerate(lines):
        start = int(lines.expr_starts[number])
        refs += [tuple(start + place for place in ref) for ref in ref_positions(line)]
    return refs


def draw_refs(lines: CanonicalFile, percent: float, seed: int) -> list[Ref]:
    """Return a random part of the refs of a file, at least one, in order.

    Raises:
        ValueError: ``percent`` is not above 0 and at most 100.
    """
    if not 0 < percent <= 100:
        raise ValueError(f'percent lies above 0 and is at most 100, not {percent}')
    refs = refs_of(lines)
    count = max(round(len(refs) * percent / 100), 1)
    chosen = np.random.default_rng(seed).choice(len(refs), count, replace=False)
    return [refs[place] for place in sorted(chosen)]


def write_refs(source: CanonicalFile, chosen: Mapping[Ref, Optional[dict]],
               out_dir: Union[str, Path], name: str, note: dict) -> Path:
    """Write a canonical file with some refs of another, and only their instances.

    Args:
        source: the whole file.
        chosen: ref -> None to keep its masks, or the mask record that replaces them.
            Where two refs share an instance, a kept mask goes before a replaced one.
        out_dir: folder of the new file.
        name: of the new data set; the split stays.
        note: what to remember in the meta file.

    Returns:
        The new file.
    """
    meta = {key: value for key, value in source.meta.items() if key != 'splits'}
    with CanonicalWriter(out_dir, name, {**meta, **note}) as writer:
        for number, line in enumerate(source):
            start = int(source.expr_starts[number])
            refs = {ref: chosen[ref] for ref in (
                tuple(start + place for place in places)
                for places in ref_positions(line)) if ref in chosen}
            if refs:
                writer.write(_line_of(line, {
                    tuple(place - start for place in ref): mask
                    for ref, mask in refs.items()}))
    return Path(out_dir) / f'{name}_{source.split}.jsonl'


def _line_of(line: dict, refs: Mapping[Sequence[int], Optional[dict]]) -> dict:
    """Return a group line with the refs, given by the places of their expressions."""
    exprs, segments = [], {}
    for places, mask in sorted(refs.items(), key=lambda ref: ref[1] is None):
        for place in places:
            expr = line['exprs'][place]
            exprs.append((place, expr))
            for target in expr['targets']:
                segments[target] = (line['instances'][target].get('segm')
                                    if mask is None else mask)
    order = {target: place for place, target in enumerate(sorted(segments))}
    instances = [{**line['instances'][target], 'segm': segments[target]}
                 for target in order]
    exprs = [{**expr, 'targets': [order[target] for target in expr['targets']]}
             for _, expr in sorted(exprs, key=lambda item: item[0])]
    return {**line, 'instances': instances, 'exprs': exprs}
