# Sourced by demo.sh and run_tests.sh: a virtual environment with segvg in it.
#
# An active environment is used as it is; without one, .venv is made. Nothing is installed
# again while pyproject.toml and the constraints are those of the last time. $extras, such
# as [dev], is what to install besides what segvg needs.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [ -z "${VIRTUAL_ENV:-}" ] && [ -z "${CONDA_PREFIX:-}" ]; then
  if [ ! -x .venv/bin/python ]; then
    echo "Making a virtual environment in .venv"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
      echo "segvg needs Python 3.10 or newer; this is $(python3 --version)" >&2
      exit 1
    }
    python3 -m venv .venv
  fi
  # shellcheck disable=SC1091
  . .venv/bin/activate
fi
prefix=$(python -c 'import sys; print(sys.prefix)')
# Packages are installed without bytecode. Where Python must not write any beside the
# sources, every program would compile torch and all others again: seconds each.
if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ] && [ -z "${PYTHONPYCACHEPREFIX:-}" ]; then
  unset PYTHONDONTWRITEBYTECODE
  export PYTHONPYCACHEPREFIX="$prefix/pycache"
fi
stamp=$prefix/.segvg_installed
wanted=$(cat pyproject.toml requirements/constraints.txt | cksum)$root
extras=${extras:-}
installed=$(cat "$stamp" 2>/dev/null || true)
if [ "$installed" != "$wanted$extras" ] && [ "$installed" != "${wanted}[dev]" ]; then
  echo "Installing segvg$extras (a minute or two)"
  constraints=$(mktemp)
  # An installed torch, for example one for a GPU, is kept.
  if python -c 'import torch' 2>/dev/null; then
    grep -v '^torch==' requirements/constraints.txt >"$constraints"
  else
    cp requirements/constraints.txt "$constraints"
  fi
  # Python compiles what is imported, when it is: a small part of what is installed.
  # What is built only reports on itself: its warnings are for us, not for the user.
  install() {
    PYTHONWARNINGS=ignore python -m pip install --quiet --disable-pip-version-check \
      --no-compile -c "$constraints" "$@"
  }
  # The pip of older Pythons takes three times as long to read the index of packages. One
  # that is not ours is left alone.
  if [ "$prefix" = "$root/.venv" ]; then
    install --upgrade pip || true
  fi
  install -e ".$extras"
  rm -f "$constraints"
  echo "$wanted$extras" >"$stamp"
fi
