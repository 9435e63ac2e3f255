#!/usr/bin/env bash
# Installs asc_jax for an accelerator into .venv of this repository; brings Python 3.12 along where it is missing.
#   install.sh [--dry-run] tpu|cuda
source "$(dirname "$0")/run.sh"
cd "$(dirname "$0")/../.."
[[ ${1-} == tpu || ${1-} == cuda ]] || usage

python=python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    run bash -c 'curl -LsSf https://astral.sh/uv/install.sh | sh'
    run "$HOME/.local/bin/uv" python install --default --preview 3.12
    python=$HOME/.local/bin/python3.12
fi
run make .venv/installed "PYTHON=$python"
run .venv/bin/python -m pip install --quiet --constraint constraints.txt --editable ".[$1,gcs]"
