#!/usr/bin/env bash
# Trains the phases of an experiment, each from where it stopped; repeats what ended with status 75 (see README.md).
#   [PHASES="pretrain finetune pseudolabel"] train.sh [--dry-run] EXPERIMENT [options of asc-jax]
source "$(dirname "$0")/run.sh"
cd "$(dirname "$0")/../.."
[[ ${1-} ]] || usage

ending=
trap 'ending=yes' TERM # the process that trains gets SIGTERM, too, from whoever ends this machine
for phase in ${PHASES:-pretrain finetune pseudolabel}; do
    status=75
    while [[ $status == 75 && ! $ending ]]; do
        status=0
        run .venv/bin/asc-jax "$phase" "$@" || status=$?
    done
    [[ $status == 0 ]] || exit "$status"
done
