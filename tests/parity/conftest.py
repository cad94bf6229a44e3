"""The table of recorded cases at the end of a run."""
import pytest

TABLE: list[tuple] = []


@pytest.fixture
def parity_table() -> list[tuple]:
    """Rows (case, number of comparisons, the worst of them)."""
    return TABLE


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the largest difference of each case, measured against its tolerance."""
    if not TABLE:
        return
    terminalreporter.section('recorded cases')
    terminalreporter.write_line(
        f'{"case":44} {"compared":>8} {"difference":>11} {"allowed":>9}  at')
    for name, count, worst in TABLE:
        terminalreporter.write_line(
            f'{name:44} {count:8d} {worst.difference:11.2e} {worst.tolerance:9.0e}  '
            f'{worst.name}')
