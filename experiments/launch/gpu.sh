#!/usr/bin/env bash
# Installs and trains on this machine, whose GPUs share every batch.
#   gpu.sh [--dry-run] EXPERIMENT [options of asc-jax]
here=$(dirname "$0")
source "$here/run.sh"
[[ ${1-} ]] || usage

"$here/install.sh" ${dry_run:+--dry-run} cuda
"$here/train.sh" ${dry_run:+--dry-run} "$@"
