"""Generate a SynthRef data set on disk; equal arguments give equal files."""
import hashlib
import json
import multiprocessing
from collections import defaultdict
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

from segvg.annotations.outputs import check_output
from segvg.synthref.ceilings import compute_ceilings
from segvg.synthref.images import ImageRecord, Job, make_image
from segvg.synthref.levels import SPLITS, Level, get_level
from segvg.synthref.outputs import (
    Entry,
    number_records,
    write_canonical,
    write_grefcoco,
    write_instances,
    write_refer,
    write_scenes,
)
from segvg.synthref.summary import check_overlap, count_split
from segvg.utils.files import write_whole

FORMATS = ('refer', 'grefcoco', 'canonical', 'all')
ANNOTATION_FILES = ('scenes.jsonl', 'instances.json', 'refs(synth).p',
                    'grefs(synth).json')
VOCABULARY = files('segvg.synthref').joinpath('vocab.txt')
CAPTION_FILE = 'captions.jsonl'
_CHUNK = 32
_MOST_IMAGES = 10**7   # of a split, so that the ids of levels keep apart


class Result(NamedTuple):
    """The manifest of a data set, and whether it existed already."""

    manifest: dict
    reused: bool


def generate(out: str | Path, level: str, seed: int,
             sizes: dict[str, int] | None = None,
             image_size: tuple[int, int] | None = None, format: str = 'all', *,
             sentences: int | None = None, workers: int = 1, overwrite: bool = False,
             progress: Callable[[int, int], None] | None = None) -> Result:
    """Write a data set below ``out``, or do nothing when the same one exists.

    Args:
        out: root of annotations (``synthref_L0``), images and canonical files.
        level: 'L0' to 'L5'.
        seed: from 0 to 2**64 - 1.
        sizes: images of each split; a split that is not named has the level's size.
        image_size: width and height, by default the level's canvas (L5: one of two).
        format: one of ``FORMATS``.
        sentences: sentences an image, by default the level's number.
        workers: processes; the result does not depend on it.
        overwrite: replace a data set that was made with other arguments.
        progress: called with the number of images done and of all images.
    """
    wanted = _resolve(level, seed, sizes, image_size, format, sentences)
    arguments = _arguments(wanted, seed, format)
    paths = Paths(Path(out), f'synthref_{level}')
    manifest = None if overwrite else find_existing(paths, arguments, wanted.version)
    if manifest:
        return Result(manifest, True)
    vocabulary = paths.out / 'vocab.txt'
    if not _is_vocabulary(vocabulary):
        check_output(vocabulary, overwrite=overwrite)
    paths.prepare()
    records = _make_images(wanted, seed, paths.images, workers, progress)
    by_split = defaultdict(list)
    for record in records:
        by_split[record.split].append(record)
    overlap = check_overlap(by_split, wanted)
    entries = list(number_records(records, wanted.first_image_id))
    written = _write(paths, entries, wanted, arguments)
    ceilings = compute_ceilings(by_split, wanted.compound)
    manifest = dict(
        format='segvg-synthref', generator_version=wanted.version,
        arguments=arguments,
        held_out=_held_out(wanted),
        splits={split: dict(count_split(items), ceilings=ceilings[split])
                for split, items in by_split.items()},
        overlap=overlap, files={str(path.relative_to(paths.out)): _fingerprint(path)
                                for path in written})
    paths.save_manifest(manifest)
    return Result(manifest, False)


def _is_vocabulary(path: Path) -> bool:
    """Whether a file is the vocabulary that every data set gets."""
    return path.is_file() and path.read_bytes() == VOCABULARY.read_bytes()


def _held_out(level: Level) -> dict[str, list[list[str]]]:
    """Return the combinations that only testA shows."""
    held = dict(shape_colour=level.held_out(), size_fill=level.held_out_fills())
    return {name: [list(pair) for pair in pairs] for name, pairs in held.items()
            if pairs}


def _resolve(level: str, seed: int, sizes: dict[str, int] | None,
             image_size: tuple[int, int] | None, format: str,
             sentences: int | None) -> Level:
    """Check the arguments and return the level with what they change."""
    wanted = get_level(level)
    if not 0 <= seed < 2**64:
        raise ValueError(f'seed is {seed}, expected 0 to 2**64 - 1')
    if format not in FORMATS:
        raise ValueError(f'format is {format!r}, expected one of {", ".join(FORMATS)}')
    images = dict(zip(SPLITS, wanted.images))
    for split, number in (sizes or {}).items():
        if split not in images:
            raise ValueError(f'split {split!r} in sizes, expected {", ".join(SPLITS)}')
        if not 0 <= number <= _MOST_IMAGES:
            raise ValueError(f'{number} images asked for {split}, expected 0 to '
                             f'{_MOST_IMAGES}')
        images[split] = number
    if not any(images.values()):
        raise ValueError('all splits have the size 0; name at least one image')
    if sentences is not None and sentences < 1:
        raise ValueError(f'{sentences} sentences an image, expected 1 or more')
    if image_size is not None and min(image_size) < min(wanted.canvas):
        raise ValueError(f'image_size is {image_size}, expected at least '
                         f'{wanted.canvas}: small objects would have too few pixels')
    return replace(wanted, images=tuple(images[split] for split in SPLITS),
                   canvas=tuple(image_size or wanted.canvas),
                   alternatives=() if image_size else wanted.alternatives,
                   sentences=sentences or wanted.sentences)


def _arguments(level: Level, seed: int, format: str) -> dict:
    return dict(level=level.name, seed=seed, sizes=dict(zip(SPLITS, level.images)),
                image_size=list(level.canvas), sentences=level.sentences, format=format)


class Paths:
    """Where the files of a data set are."""

    def __init__(self, out: Path, name: str) -> None:
        self.out, self.name = out, name
        self.annotations = out / name
        self.images = out / 'images' / name
        self.canonical = out / 'canonical'
        self.manifest = self.annotations / 'manifest.json'

    def prepare(self) -> None:
        """Remove an older data set of the same name and make the folders.

        The manifest goes first: a folder without one counts as unfinished.
        """
        self.manifest.unlink(missing_ok=True)
        old = [self.annotations / name for name in (*ANNOTATION_FILES, CAPTION_FILE)]
        old += self.images.glob('synth_*.jpg')
        for name in (self.name, f'{self.name}_captions'):
            old += [self.canonical / f'{name}.meta.json']
            old += [self.canonical / f'{name}_{split}.jsonl{end}'
                    for split in SPLITS for end in ('', '.idx.npy')]
        for path in old:
            path.unlink(missing_ok=True)
        for folder in (self.annotations, self.images):
            folder.mkdir(parents=True, exist_ok=True)

    def save_manifest(self, manifest: dict) -> None:
        """Write the manifest, in one step: it says that all files are complete."""
        write_whole(self.manifest, json.dumps(manifest, indent=1) + '\n')


def find_existing(paths: Paths, arguments: dict, version: str) -> dict | None:
    """Return the manifest of a complete data set made with these arguments.

    Returns None when there is nothing, or only an unfinished data set; raises
    ``FileExistsError`` when there is another one.
    """
    if not paths.manifest.exists():
        return None
    manifest = json.loads(paths.manifest.read_text(encoding='utf-8'))
    known = dict(manifest['arguments'], generator=manifest['generator_version'])
    asked = dict(arguments, generator=version)
    different = [f'{name} {known.get(name)} instead of {value}'
                 for name, value in asked.items() if known.get(name) != value]
    if different:
        raise FileExistsError(
            f'{paths.annotations} holds a data set made with {"; ".join(different)}. '
            'Choose another --out, or --overwrite to replace it')
    complete = all(
        path.is_file() and path.stat().st_size == file['bytes'] for path, file in (
            (paths.out / name, file) for name, file in manifest['files'].items()))
    images = sum(1 for _ in paths.images.glob('synth_*.jpg'))
    return manifest if complete and images == sum(arguments['sizes'].values()) else None


def _make_images(level: Level, seed: int, folder: Path, workers: int,
                 progress: Callable[[int, int], None] | None) -> list[ImageRecord]:
    """Make all images in order, in this process or in several."""
    places = [(split, index) for split, number in zip(SPLITS, level.images)
              for index in range(number)]
    jobs = [Job(level, split, seed, index, folder / f'synth_{image_id:012d}.jpg')
            for image_id, (split, index) in enumerate(places, level.first_image_id)]
    records = []
    for record in _map(jobs, workers):
        records.append(record)
        if progress:
            progress(len(records), len(jobs))
    return records


def _map(jobs: list[Job], workers: int) -> Iterator[ImageRecord]:
    if workers <= 1:
        yield from map(make_image, jobs)
        return
    with multiprocessing.Pool(workers) as pool:
        yield from pool.imap(make_image, jobs, chunksize=_CHUNK)


def _write(paths: Paths, entries: list[Entry], level: Level,
           arguments: dict) -> list[Path]:
    """Write the annotation files that the format asks for; returns them."""
    format, folder = arguments['format'], paths.annotations
    written = [paths.out / 'vocab.txt', folder / 'scenes.jsonl']
    write_whole(written[0], VOCABULARY.read_bytes())
    write_scenes(written[1], entries)
    if format in ('refer', 'grefcoco', 'all'):
        written.append(folder / 'instances.json')
        write_instances(written[-1], entries, level)
    if format in ('refer', 'all'):
        written.append(folder / 'refs(synth).p')
        write_refer(written[-1], entries, level)
    if format in ('grefcoco', 'all'):
        written.append(folder / 'grefs(synth).json')
        write_grefcoco(written[-1], entries, level)
    if format in ('canonical', 'all'):
        source = dict(file=f'{paths.name}/scenes.jsonl', **_fingerprint(written[1]))
        meta = dict(
            partition='synth', revision=level.version, licence=None,
            source_box='COCO: x, y, w, h, 0-based', text_field='raw', sources=[source],
            image_roots=['images'], report={}, converter=dict(
                name='synthref', version=level.version, options=arguments))
        write_canonical(paths.canonical, paths.name, entries, level, meta)
        written.append(paths.canonical / f'{paths.name}.meta.json')
        written += [paths.canonical / f'{paths.name}_{split}.jsonl'
                    for split, number in arguments['sizes'].items() if number]
    return written


def _fingerprint(path: Path) -> dict:
    data = path.read_bytes()
    return dict(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
