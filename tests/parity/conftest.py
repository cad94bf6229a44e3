"""Rows for the table of recorded cases, which tests/conftest.py prints."""
from typing import Callable

import pytest

from tests.conftest import RECORDED_CASE


@pytest.fixture
def parity_row(request) -> Callable:
    """Add a row to the table: case, number of comparisons, the worst of them.

    Rows travel with the reports of tests, so that processes that share the tests
    (``-n``) share the table.
    """
    def add(name: str, count: int, worst) -> None:
        request.node.user_properties.append((RECORDED_CASE, (name, count, *worst)))
    return add
