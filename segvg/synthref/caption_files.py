"""Captions for an existing data set, in separate files."""
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Iterator

from segvg.annotations.canonical import CanonicalWriter
from segvg.synthref.captions import CaptionWriter, phrase_types
from segvg.synthref.facts import forget_facts
from segvg.synthref.forms import to_json
from segvg.synthref.generate import CAPTION_FILE
from segvg.synthref.images import ImageRecord, describe_masks
from segvg.synthref.levels import SPLITS, Level, get_level
from segvg.synthref.outputs import (
    Entry,
    describe_image,
    describe_phrases,
    named_objects,
)
from segvg.synthref.render import visible_masks
from segvg.synthref.scene import Scene
from segvg.synthref.sentences import Sentence
from segvg.synthref.streams import Stream

CAPTIONS_VERSION = '1.0'


def write_captions(out: str | Path, level: str) -> dict:
    """Write the captions of a data set, unless the same captions exist already.

    They are made from its scenes alone: ``canonical/synthref_L0_captions_val.jsonl``
    and ``synthref_L0/captions.jsonl``, which has their logical forms. The files of the
    data set stay as they are.

    Args:
        out: the folder that ``generate`` was called with.
        level: 'L0' to 'L5'.

    Returns:
        The content of the meta file; ``counts`` has what is in each split.
    """
    out, name = Path(out), f'synthref_{level}'
    scenes = out / name / 'scenes.jsonl'
    manifest = json.loads((out / name / 'manifest.json').read_text(encoding='utf-8'))
    source = dict(file=f'{name}/scenes.jsonl', **manifest['files'][
        f'{name}/scenes.jsonl'])
    folder = out / 'canonical'
    known = _find_existing(folder, name, source)
    if known:
        return known
    wanted, counts = get_level(level), {}
    meta = dict(
        partition='synth', revision=CAPTIONS_VERSION, licence=None, counts=counts,
        source_box='COCO: x, y, w, h, 0-based', text_field='raw', sources=[source],
        image_roots=['images'], report={}, converter=dict(
            name='synthref captions', version=CAPTIONS_VERSION,
            options=manifest['arguments']), categories={
                str(number): shape for number, shape in enumerate(wanted.shapes, 1)})
    with CanonicalWriter(folder, f'{name}_captions', meta) as writer, open(
            scenes.with_name(CAPTION_FILE), 'w', encoding='utf-8',
            newline='\n') as forms:
        for number, entry in enumerate(_entries(
                scenes, wanted, manifest['arguments']['seed'])):
            line, said = _caption_line(entry, name, wanted, number)
            _count(counts.setdefault(line['split'], Counter()), line)
            if said:
                writer.write(line)
                forms.write(json.dumps(dict(
                    image_id=entry.image_id, split=line['split'], captions=said),
                    separators=(',', ':')) + '\n')
    return _load_meta(folder, name)


def _find_existing(folder: Path, name: str, source: dict) -> dict | None:
    """Return the meta of complete captions that were made from these scenes."""
    if not (folder / f'{name}_captions.meta.json').is_file():
        return None
    meta = _load_meta(folder, name)
    same = meta['sources'] == [source] and meta['revision'] == CAPTIONS_VERSION
    paths = {folder / facts['file']: facts['sha256']
             for facts in meta['splits'].values()}
    return meta if same and all(
        path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
        for path, digest in paths.items()) else None


def _load_meta(folder: Path, name: str) -> dict:
    path = folder / f'{name}_captions.meta.json'
    return json.loads(path.read_text(encoding='utf-8'))


def _entries(scenes: Path, level: Level, seed: int) -> Iterator[Entry]:
    """Rebuild the images of a data set, with captions for sentences."""
    index: Counter = Counter()
    with open(scenes, encoding='utf-8') as file:
        for text in file:
            line = json.loads(text)
            split, scene = line['split'], Scene.from_dict(line)
            place = (seed, level.number, SPLITS.index(split), index[split])
            index[split] += 1
            captions = CaptionWriter(
                scene, level, split, Stream(*place, 'captions')).write()
            record = ImageRecord(split, scene, captions, *describe_masks(
                visible_masks(scene), Stream(*place, 'layout')), b'')
            yield Entry(line['image_id'], record,
                        [item['ann_id'] for item in line['objects']], [])
            forget_facts(scene)


def _caption_line(entry: Entry, folder: str, level: Level,
                  line_number: int) -> tuple[dict, dict]:
    """Return the group line of an image, and the forms of its captions by id."""
    captions, scene = entry.record.sentences, entry.record.scene
    named = named_objects(captions)
    line, said = describe_image(entry, named, folder, level), {}
    for number, caption in enumerate(captions):
        phrases = [dict(phrase, types=[kind]) for phrase, kind in zip(
            describe_phrases(caption.wording, named), phrase_types(caption, scene))]
        line['exprs'].append(dict(
            id=f'{entry.image_id}.{number}', text=caption.wording.raw, caption=True,
            targets=[named.index(index) for index in caption.targets],
            phrases=phrases, src=[0, line_number]))
        said[f'{entry.image_id}.{number}'] = _describe(caption)
    return line, said


def _describe(caption: Sentence) -> dict:
    wording = caption.wording
    return dict(form=to_json(caption.form), sent=wording.sent, style=wording.style,
                template=wording.template, targets=list(caption.targets))


def _count(counts: Counter, line: dict) -> None:
    """Add a line to what the meta file says of its split."""
    phrases = [phrase for expr in line['exprs'] for phrase in expr['phrases']]
    counts.update(
        images=bool(line['exprs']), without_caption=not line['exprs'],
        captions=len(line['exprs']), phrases=len(phrases),
        several_targets=sum(len(phrase['targets']) > 1 for phrase in phrases))
    counts.update(f'of type {phrase["types"][0]}' for phrase in phrases)
