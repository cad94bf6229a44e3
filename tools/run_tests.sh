#!/usr/bin/env bash
# Sets up the environment if need be and runs the tests:
#   tools/run_tests.sh [PYTEST ARGUMENTS]   the tests; -m "not slow": a loop of a minute
#   tools/run_tests.sh --lint               style, hints and types, no tests
#   tools/run_tests.sh --docs               the documentation site, into work_dirs/docs
# The tests run in as many processes as there are cores (-n 0: in one).
set -euo pipefail
extras='[dev]'
source "$(dirname "$0")/setup_env.sh"
if [ "${1:-}" = --lint ]; then
  python -m ruff check .
  python -m mypy
elif [ "${1:-}" = --docs ]; then
  python -m sphinx -q -W --keep-going -c docs . work_dirs/docs
  echo "work_dirs/docs/index.html"
else
  python -m pytest -n auto --dist worksteal "$@"
fi
