"""Images of all levels, made once, and two scenes written by hand."""
import pickle
import time

import pytest

from segvg.synthref.images import Job, describe_image, make_image
from segvg.synthref.levels import LEVELS, SPLITS
from segvg.synthref.scene import Scene, SceneObject

SEED = 3
IMAGES = dict(L0=60, L1=60, L2=30, L3=24, L4=10, L5=6)
DRAWN = dict(L0=10, L1=10, L2=3, L3=3, L4=3, L5=3)
SIMPLE = ('L0', 'L1')   # levels whose sentences relate no objects


def make_records(name):
    """Some images of every split of a level, the first for training with pictures."""
    return {split: [
        (make_image if split == 'train' and index < DRAWN[name] else describe_image)(
            Job(LEVELS[name], split, SEED, index, None))
        for index in range(IMAGES[name])] for split in SPLITS}


@pytest.fixture(scope='session')
def records(tmp_path_factory, worker_id):
    """Images of every level; processes of one run of tests share the work."""
    if worker_id == 'master':
        return {name: make_records(name) for name in LEVELS}
    folder, found = tmp_path_factory.getbasetemp().parent, {}
    for name in reversed(LEVELS):  # the slow ones first
        try:
            (folder / f'synthref_{name}').mkdir()
        except FileExistsError:
            continue  # another process makes them
        found[name] = make_records(name)
        part = folder / f'synthref_{name}' / 'part'
        part.write_bytes(pickle.dumps(found[name]))
        part.rename(part.with_name('records'))
    for name in LEVELS:
        path, end = folder / f'synthref_{name}' / 'records', time.time() + 120
        while name not in found and time.time() < end:
            if path.exists():
                found[name] = pickle.loads(path.read_bytes())
            time.sleep(0.1)
        if name not in found:  # the other process was stopped
            found[name] = make_records(name)
    return {name: found[name] for name in LEVELS}


@pytest.fixture(scope='session')
def simple_records(records):
    """Those of L0 and L1 in one list of (level, record)."""
    return [(LEVELS[name], record) for name in SIMPLE
            for items in records[name].values() for record in items]


@pytest.fixture(scope='session')
def compound_records(records):
    """Those of L2 and above in one list of (level, record)."""
    return [(LEVELS[name], record) for name in records if name not in SIMPLE
            for items in records[name].values() for record in items]


@pytest.fixture(scope='session')
def all_records(records):
    """The same images in one list of (level, record)."""
    return [(LEVELS[name], record) for name, splits in records.items()
            for items in splits.values() for record in items]


def make_scene(*objects, size=100):
    """A scene of (shape, colour, size, radius, cx, cy) objects on plain grey."""
    return Scene(size, size, dict(kind='plain', colours=[[200, 200, 200]]),
                 dict(sigma=0, seed=0), tuple(
        SceneObject(shape, colour, extent, (255, 0, 0), radius, cx, cy, depth)
        for depth, (shape, colour, extent, radius, cx, cy) in enumerate(objects)))


@pytest.fixture
def four():
    """0 red circle left, 1 blue circle right, 2 red square top, 3 small star below."""
    return make_scene(('circle', 'red', 'large', 16, 20, 50),
                      ('circle', 'blue', 'medium', 10, 80, 50),
                      ('square', 'red', 'medium', 10, 50, 25),
                      ('star', 'green', 'small', 6, 50, 85))
