"""Damaged copies of fixture files, and what reading them must not do."""
import copy
import json
import os
import pickle
import random
import shutil
from pathlib import Path
from typing import NamedTuple, Optional

import torch

from segvg.annotations.checks import Check, Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions

STRANGE = (None, True, -1, 0, 7, 2**63, -10**9, 10**30, 0.5, 1e308, float('nan'),
           float('inf'), '', ' ', 'x' * 300, '\ud800', 'é', '../../a.jpg', 'val', [],
           {}, [[]], [1, 2, 3], [0, 0, 0, 0], [[1, 1, 2, 2, 3, 1]], {'counts': 'x'},
           {'size': [10**9, 10**9], 'counts': [1]}, b'\xff')
TREES = ('.json', '.p', '.pth', '.pkl')


class Reading(NamedTuple):
    """What a reading gave: counts, what was skipped; None where it was refused."""

    read: int
    kept: int
    skipped: frozenset
    refused: bool


class Case:
    """A fixture copied to a folder in which one file at a time is damaged."""

    def __init__(self, fixture: Path, expected: dict, folder: Path) -> None:
        shutil.copytree(fixture, folder)
        self.expected = expected
        self.folder = folder
        root = expected['image_root']
        self.images = (fixture / root).resolve() if root else None
        if root and (folder / root).is_dir():
            self.images = folder / root
        read = [{**expected['read'], **more}
                for more in [{}, *expected['read'].get('also', [])]]
        self.readings = read
        self.files = sorted(
            path for path in folder.rglob('*') if path.is_file()
            and path.name not in ('README.md', 'expected.json')
            and path.suffix not in ('.jpg', '.png'))
        self.sound = self.read()

    def read(self) -> Reading:
        """Read the folder; anything but the documented errors is raised."""
        read = kept = 0
        skipped, refused = set(), False
        for number, reading in enumerate(self.readings):
            report = Report()
            options = ReadOptions(
                check=Check.FULL,
                images=self.images if reading.get('check_images', True) else None,
                image_dirs=tuple(reading.get('image_dirs', ('',))),
                dataset=reading.get('dataset'), partition=reading.get('split_by'),
                **reading.get('options', {}))
            folder = self.folder / reading.get('source', '.')
            for source in READERS[self.expected['format']]([folder], options):
                lines = []
                try:
                    for line in read_lines(source, report, options):
                        lines.append(line)
                except AnnotationFileError:
                    refused = True
                    continue
                read += sum(counts.exprs for counts in source.read.splits().values())
                kept += sum(len(line['exprs']) for line in lines)
                json.dumps(lines, allow_nan=False)
            skipped |= {(number, finding.file, finding.at, finding.code)
                        for finding in report.findings if finding.action != 'keep'}
        return Reading(read, kept, frozenset(skipped), refused)

    def damage(self, chance: random.Random) -> str:
        """Damage a file, read, mend it; raises where a record went in silence."""
        path = chance.choice(self.files)
        original = path.read_bytes()
        stat = path.stat()
        try:
            what, may_shrink = damage_file(path, chance)
            found = self.read()
        finally:
            overwrite(path, original)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        where = f'{path.name}: {what}'
        assert found.kept <= found.read, f'{where}: more than was read'
        if found.kept < found.read:
            assert found.skipped, f'{where}: dropped in silence'
        new = found.refused or found.skipped - self.sound.skipped
        lost = self.sound.kept - found.kept
        if lost > 0 and not may_shrink:
            assert new, f'{where}: {lost} expressions less, and nothing is said'
        return where


def overwrite(path: Path, data: bytes) -> None:
    """Change the content of a file.

    A disk waits for the bytes of files that are emptied first.
    """
    with path.open('r+b') as file:
        file.write(data)
        file.truncate()


def damage_file(path: Path, chance: random.Random) -> tuple[str, bool]:
    """Damage bytes or values; say how, and whether fewer records are no surprise."""
    if path.suffix in TREES and chance.random() < 0.7:
        tree = load_tree(path)
        if tree is not None:
            what, may_shrink = damage_tree(tree, chance)
            save_tree(path, tree)
            return what, may_shrink
    data = path.read_bytes()
    if path.suffix == '.jsonl' or chance.random() < 0.2:
        return damage_line(path, data, chance), True
    return damage_bytes(path, data, chance), True


def load_tree(path: Path) -> Optional[list]:
    """The content of a file as the only element of a list, or None."""
    try:
        if path.suffix == '.json':
            return [json.loads(path.read_bytes())]
        if path.suffix == '.pth':
            return [torch.load(path, weights_only=True)]
        return [pickle.loads(path.read_bytes())]
    except Exception:  # a fixture that is broken on purpose
        return None


def save_tree(path: Path, tree: list) -> None:
    """Write the content back."""
    if path.suffix == '.json':
        overwrite(path, json.dumps(tree[0], default=repr).encode())
    elif path.suffix == '.pth':
        torch.save(tree[0], path)
    else:
        overwrite(path, pickle.dumps(tree[0], 2))


def damage_tree(tree: list, chance: random.Random) -> tuple[str, bool]:
    """Replace, delete, repeat or swap a value somewhere in a tree."""
    parent, key = tree, 0
    while isinstance(parent[key], (dict, list)) and parent[key] and (
            chance.random() < 0.85):
        parent, key = parent[key], chance.choice(keys_of(parent[key]))
    kind = chance.choice(('replace', 'replace', 'replace', 'delete', 'repeat', 'swap'))
    was = f'{parent[key]!r:.60}'
    if kind == 'replace':
        parent[key] = copy.deepcopy(chance.choice(STRANGE))
        shrinks = isinstance(parent[key], (list, dict)) or key == 'split'
        return f'{key}: {was} is {parent[key]!r:.60}', shrinks
    if kind == 'delete' and parent is not tree:
        del parent[key]
        return f'{key}: {was} is gone', True
    if kind == 'repeat' and isinstance(parent, list) and parent is not tree:
        parent.insert(key, copy.deepcopy(parent[key]))
        return f'[{key}]: {was} twice', True
    other = chance.choice(keys_of(parent))
    parent[key], parent[other] = parent[other], parent[key]
    return f'{key} and {other} change places', True


def keys_of(node: object) -> list:
    """Keys of a dict, places of a list."""
    return list(node) if isinstance(node, dict) else list(range(len(node)))


def damage_line(path: Path, data: bytes, chance: random.Random) -> str:
    """Drop, repeat, cut or empty a line."""
    lines = data.split(b'\n')
    place = chance.randrange(len(lines))
    kind = chance.choice(('drop', 'repeat', 'cut', 'empty', 'value'))
    if kind == 'drop':
        del lines[place]
    elif kind == 'repeat':
        lines.insert(place, lines[place])
    elif kind == 'cut':
        lines[place] = lines[place][:chance.randrange(len(lines[place]) + 1)]
    elif kind == 'empty':
        lines[place] = b''
    else:
        try:
            tree = [json.loads(lines[place])]
            damage_tree(tree, chance)
            lines[place] = json.dumps(tree[0], default=repr).encode()
        except ValueError:
            lines[place] = b'{}'
    overwrite(path, b'\n'.join(lines))
    return f'line {place + 1}: {kind}'


def damage_bytes(path: Path, data: bytes, chance: random.Random) -> str:
    """Cut the file, or change, drop or add some bytes."""
    kind = chance.choice(('cut', 'change', 'drop', 'add'))
    place = chance.randrange(max(len(data), 1))
    count = chance.choice((1, 1, 2, 8, 100))
    noise = bytes(chance.randrange(256) for _ in range(count))
    changed = dict(cut=data[:place], change=data[:place] + noise + data[place + count:],
                   drop=data[:place] + data[place + count:],
                   add=data[:place] + noise + data[place:])[kind]
    overwrite(path, changed)
    return f'byte {place}: {kind} {count}'
