#!/usr/bin/env bash
# Sets up the environment if need be and runs the tests:
#   tools/run_tests.sh [PYTEST ARGUMENTS]   the tests; -m "not slow": a loop of a minute
#   tools/run_tests.sh --lint               style, hints and types, no tests
# The tests run in as many processes as there are cores (-n 0: in one).
set -euo pipefail
source "$(dirname "$0")/setup_env.sh"
if [ "${1:-}" = --lint ]; then
  python -m ruff check .
  python -m mypy
else
  python -m pytest -n auto --dist worksteal "$@"
fi
