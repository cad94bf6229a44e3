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
  # to: their files are in memory where there is plenty, and programs may run there.
  for old in /dev/shm/segvg_tests.*; do  # of failed tests, and of stopped ones
    if [ -O "$old" ] && ! kill -0 "${old##*.}" 2>/dev/null; then rm -rf "$old"; fi
  done
  memory=/dev/shm/segvg_tests.$$
  free=$(df -kP /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}' || true)
  if [ -z "${TMPDIR:-}" ] && [ "${free:-0}" -ge 8000000 ] && mkdir "$memory"; then
    printf '#!/bin/sh\n' >"$memory/program" && chmod +x "$memory/program"
    if "$memory/program" 2>/dev/null; then export TMPDIR=$memory; fi
  fi
  status=0
  python -m pytest -n auto --dist worksteal "$@" || status=$?
  case $status in 1 | 2) echo "Files of failed tests are in ${TMPDIR:-/tmp}" ;; esac
  if [ "$status" = 0 ] || [ "$status" = 5 ]; then rm -rf "$memory"; fi
  exit "$status"
fi
