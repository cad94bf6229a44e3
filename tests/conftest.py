"""Settings for all tests: one thread, no network, no display."""
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

# Before anything imports transformers: a test must not wait for a hub.
os.environ.setdefault('HF_HUB_OFFLINE', '1')
os.environ.setdefault('MPLBACKEND', 'Agg')

import pytest

# While hundreds of modules are imported there is nothing to collect.
gc.disable()

TESTS = Path(__file__).parent
RECORDED_CASE = 'recorded case'


def pytest_report_header() -> str:
    """Say whether the tests that compare with mmdetection are among those collected."""
    if find_spec('mmdet') is None:
        return 'mmdet: not installed, so nothing is compared with it'
    return 'mmdet: installed, and compared with'


def pytest_collection(session: pytest.Session) -> None:
    """Import all that is to be collected from the end, in every second process.

    In a new clone each process then compiles its own half of what all of them import.
    """
    number = os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw')
    everything = session.config.args_source == pytest.Config.ArgsSource.TESTPATHS
    if not everything or int(number) % 2 == 0:
        return
    for path in sorted(TESTS.rglob('test_*.py'), reverse=True):
        name = '.'.join(path.relative_to(TESTS.parent).with_suffix('').parts)
        with suppress(Exception, pytest.skip.Exception):  # told when it is collected
            import_module(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the recorded cases, of which some take half a minute.

    A process that has run all of its tests takes over some of another one. With long
    ones at the end there would be nothing to take, and it would wait.
    """
    items.sort(key=lambda item: item.get_closest_marker('parity') is None)


def pytest_collection_finish() -> None:
    """Fork the server of processes; look no more at the garbage of imports.

    Searching a million objects that stay to the end takes a third of a second a time.
    A model and its runner are thousands of objects: it is looked ten times less often
    among new ones, and again five times less often among all.
    """
    gc.freeze()
    gc.set_threshold(10 * gc.get_threshold()[0], 10, 50)
    gc.enable()
    killing = sys.modules.get('tests.tools.killing')
    if killing is not None:  # a test may need it
        killing.start_server()


@pytest.fixture(autouse=True)
def one_thread():
    """Two cores are shared by everything that runs; tests take one each."""
    import torch  # not above: the process that only hands out tests needs none of it
    torch.set_num_threads(1)
    yield


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the largest difference of each recorded case (tests/parity).

    It stands here since the process that prints has not loaded the folders below.
    """
    rows = sorted(tuple(value) for reports in terminalreporter.stats.values()
                  for report in reports if getattr(report, 'when', None) == 'call'
                  for name, value in report.user_properties if name == RECORDED_CASE)
    if not rows:
        return
    terminalreporter.section('recorded cases')
    terminalreporter.write_line(
        f'{"case":44} {"compared":>8} {"difference":>11} {"allowed":>9}  at')
    for name, count, worst, difference, tolerance in rows:
        terminalreporter.write_line(
            f'{name:44} {count:8d} {difference:11.2e} {tolerance:9.0e}  {worst}')
