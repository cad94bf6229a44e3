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
  # The tools wait for the disk after each file that must not be lost. Tests do not have
  # to: their files are in memory where there is plenty.
  free=$(df -k /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}')
  if [ -z "${TMPDIR:-}" ] && [ "${free:-0}" -ge 8000000 ]; then
    TMPDIR=$(mktemp -d /dev/shm/segvg_tests.XXXXXX)
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
  fi
  status=0
  python -m pytest -n auto --dist worksteal "$@" || status=$?
  if [ "$status" = 1 ]; then
    trap - EXIT
    echo "Files of the tests are in ${TMPDIR:-/tmp}"
  fi
  exit "$status"
fi
