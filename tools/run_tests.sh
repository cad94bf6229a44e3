#!/usr/bin/env bash
# Sets up the environment if need be and runs the tests: tools/run_tests.sh [pytest args]
set -euo pipefail
source "$(dirname "$0")/setup_env.sh"
python -m pytest "$@"
