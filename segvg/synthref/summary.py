"""Statistics for the manifest: counts, and a check that splits do not overlap."""
import hashlib
from collections import Counter
from itertools import combinations

from segvg.synthref.compound.composer import names_held_out
from segvg.synthref.compound.crowds import is_held_out
from segvg.synthref.images import ImageRecord
from segvg.synthref.levels import Level
from segvg.synthref.sentences import names_pair

Records = dict[str, list[ImageRecord]]


def count_split(records: list[ImageRecord]) -> dict:
    """Return the counts of one split and a hash of all its pixels."""
    sentences = [item for record in records for item in record.sentences]
    pixels = hashlib.sha256(b''.join(record.pixels for record in records))
    negatives = Counter(item.negative for item in sentences if item.negative)
    return dict(
        images=len(records), sentences=len(sentences),
        objects=sum(len(record.boxes) for record in records),
        kinds=_ordered(Counter(item.kind for item in sentences)),
        types=_ordered(Counter(item.type for item in sentences)),
        styles=_ordered(Counter(item.wording.style for item in sentences)),
        negatives=_ordered(negatives),
        redundant=sum(item.redundant for item in sentences),
        long=sum(item.long for item in sentences), pixels_sha256=pixels.hexdigest())


def _ordered(counter: Counter) -> dict:
    return dict(sorted(counter.items()))


def check_overlap(records: Records, level: Level) -> dict:
    """Count what splits share but must not share; raise unless all counts are 0."""
    named = names_held_out if level.compound else (
        lambda form, level: names_pair(form, level.held_out()))
    scenes = {split: {record.scene.digest(): record for record in items}
              for split, items in records.items()}
    shared = {}
    for first, second in combinations(scenes, 2):
        common = scenes[first].keys() & scenes[second].keys()
        shared[f'{first}/{second}'] = dict(scenes=len(common), sentences=sum(
            len(_texts(scenes[first][key]) & _texts(scenes[second][key]))
            for key in common))
    usual = [record for split, items in records.items() if split != 'testA'
             for record in items]
    counts = dict(
        shared=shared,
        held_out_objects=sum(is_held_out(item, level) for record in usual
                             for item in record.scene.objects),
        held_out_sentences=sum(named(item.form, level) for record in usual
                               for item in record.sentences),
        testA_targets_not_held_out=sum(
            not is_held_out(item, level)
            for record in records.get('testA', ()) for sentence in record.sentences
            for item in (record.scene.objects[index] for index in sentence.targets)))
    bad = [name for name, value in counts.items() if name != 'shared' and value]
    bad += [name for name, value in shared.items() if value['scenes']]
    if bad:
        raise RuntimeError(f'the splits of {level.name} do not keep apart: {bad}, '
                           f'counts {counts}')
    counts['fewest_in_training'] = _fewest_in_training(records, level)
    return counts


def _texts(record: ImageRecord) -> set[str]:
    return {item.wording.sent for item in record.sentences}


def _fewest_in_training(records: Records, level: Level) -> dict:
    """Return how often the rarest shape and colour occur among training objects."""
    objects = [item for record in records.get('train', ())
               for item in record.scene.objects]
    return {name: min(sum(getattr(item, name) == value for item in objects)
                      for value in values)
            for name, values in (('shape', level.shapes), ('colour', level.colours))}
