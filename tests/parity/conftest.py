"""The table of recorded cases at the end of a run."""
from typing import Callable

import pytest

KEY = 'recorded case'


@pytest.fixture
def parity_row(request) -> Callable:
    """Add a row to the table: case, number of comparisons, the worst of them.

    Rows travel with the reports of tests, so that processes that share the tests
    (``-n``) share the table.
    """
    def add(name: str, count: int, worst) -> None:
        request.node.user_properties.append((KEY, (name, count, *worst)))
    return add


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the largest difference of each case, measured against its tolerance."""
    rows = sorted(tuple(value) for reports in terminalreporter.stats.values()
                  for report in reports if getattr(report, 'when', None) == 'call'
                  for name, value in report.user_properties if name == KEY)
    if not rows:
        return
    terminalreporter.section('recorded cases')
    terminalreporter.write_line(
        f'{"case":44} {"compared":>8} {"difference":>11} {"allowed":>9}  at')
    for name, count, worst, difference, tolerance in rows:
        terminalreporter.write_line(
            f'{name:44} {count:8d} {difference:11.2e} {tolerance:9.0e}  {worst}')
