"""Every recorded case of a published implementation against ours.

``SEGVG_PARITY_DIR=DIR python -m pytest tests/parity`` runs the files of another folder.
"""
import ctypes
import gc
import os
from pathlib import Path

import pytest
import torch

from tests.parity.cases import (
    instancevg,
    partial_res,
    reftr,
    reftr_units,
    rela,
    segvg,
    seqtr,
    seqtr_units,
    siri,
    siri_units,
    transvg,
)
from tests.parity.comparison import Comparison, load_case

DEFAULT = Path(__file__).parents[1] / 'data' / 'parity'
ROOT = Path(os.environ.get('SEGVG_PARITY_DIR', DEFAULT))
#: Methods whose weights have the names of another's: they come after it.
ALIKE = dict(partial_res='seqtr', transvg='segvg')
FILES = sorted(ROOT.glob('*/*.npz'),
               key=lambda path: (ALIKE.get(path.parent.name, path.parent.name), path))
#: Method -> (runner of full models, runners of units by name).
METHODS = dict(
    segvg=(segvg.run_model, segvg.UNITS), transvg=(transvg.run_model, {}),
    seqtr=(seqtr.run_model, seqtr_units.UNITS),
    partial_res=(partial_res.run_model, partial_res.UNITS),
    reftr=(reftr.run_model, reftr_units.UNITS),
    siri=(siri.run_model, siri_units.UNITS), rela=(rela.run_model, rela.UNITS),
    instancevg=(instancevg.run_model, instancevg.UNITS))


def release_memory() -> None:
    """Give back to the system what a large model leaves, which processes would copy.

    What other tests have left behind is not looked through each time.
    """
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)  # of glibc
    if trim is not None:
        trim(0)


def run_case(path: Path) -> list[Comparison]:
    """Run a case by its folder and name; one that nobody knows is an error."""
    method = path.parent.name
    if method not in METHODS:
        raise LookupError(f'no runner for the method {method!r} of {path}; '
                          f'known are {sorted(METHODS)}')
    run_model, units = METHODS[method]
    if not path.stem.startswith('unit_'):
        return run_model(load_case(path))
    names = [name for name in units if path.stem.startswith(name)]
    if not names:
        raise LookupError(f'no runner for the unit {path.stem!r} of {method}; '
                          f'known are {sorted(units)}')
    return units[max(names, key=len)](load_case(path))


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize(
    'path', FILES, ids=[f'{path.parent.name}/{path.stem}' for path in FILES])
def test_case_equals_published_implementation(path, parity_row):
    processes = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 1))
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
    results = run_case(path)
    if not path.stem.startswith('unit_'):
        release_memory()
    assert results
    worst = max(results, key=lambda item: item.difference / max(item.tolerance, 1e-30))
    parity_row(f'{path.parent.name}/{path.stem}', len(results), worst)
    wrong = [f'{item.name}: {item.difference:.3g} > {item.tolerance:.3g}'
             for item in results if not item.difference <= item.tolerance]
    assert not wrong, '\n'.join(wrong)


def test_folder_holds_cases():
    assert FILES, f'no {ROOT}/<method>/*.npz'


def test_unknown_method_and_unit_are_errors(tmp_path):
    with pytest.raises(LookupError, match="no runner for the method 'other'"):
        run_case(tmp_path / 'other' / 'unit_x.npz')
    with pytest.raises(LookupError, match="no runner for the unit 'unit_x'"):
        run_case(tmp_path / 'segvg' / 'unit_x.npz')
