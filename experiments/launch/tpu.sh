#!/usr/bin/env bash
# Trains on a Cloud TPU, one VM (v5litepod-8) or a slice of many (v5litepod-32), from your own computer with gcloud.
# Creates the TPU unless it is there, creates it again when it was pre-empted, and leaves it running: delete it after.
#   [VERSION=...] [SPOT=] tpu.sh [--dry-run] NAME ZONE TYPE gs://BUCKET EXPERIMENT [options of asc-jax]
#   tpu.sh [--dry-run] NAME ZONE delete
# The bucket, in the TPU's region, holds prepared/ (records, copied to every VM's disk) and gets runs/EXPERIMENT.
source "$(dirname "$0")/run.sh"
cd "$(dirname "$0")/../.."
[[ $# -ge 5 || ${3-} == delete ]] || usage
name=$1 zone=$2 type=$3 bucket=${4-} experiment=${5-}

tpu() { # VERB [flags]
    run gcloud compute tpus tpu-vm "$1" "$name" --zone "$zone" "${@:2}"
}

state() {
    if [[ $dry_run ]]; then echo ABSENT; else tpu describe --format 'value(state)' 2>/dev/null || echo ABSENT; fi
}

if [[ $type == delete ]]; then
    tpu delete --quiet
    exit
fi

archive=$(mktemp -d)/asc_jax.tar.gz
run git archive --output "$archive" HEAD
options=("${@:6}")
create=(--accelerator-type "$type" --version "${VERSION:-v2-alpha-tpuv5-lite}" --scopes cloud-platform)
if [[ ${SPOT-yes} ]]; then create+=(--spot); fi
command="set -e; mkdir -p asc_jax; tar -xzf asc_jax.tar.gz -C asc_jax; cd asc_jax; experiments/launch/install.sh tpu
gcloud storage rsync --recursive $bucket/prepared prepared
experiments/launch/train.sh $experiment --distributed --workdir $bucket/runs/$experiment ${options[*]@Q}"

status=75
while [[ $status == 75 ]]; do
    now=$(state)
    if [[ $now == PREEMPTED || $now == TERMINATED ]]; then tpu delete --quiet; fi
    if [[ $now != READY ]]; then tpu create "${create[@]}"; fi
    status=0
    run gcloud compute tpus tpu-vm scp "$archive" "$name:" --zone "$zone" --worker all || status=$?
    if [[ $status == 0 ]]; then tpu ssh --worker all --command "$command" || status=$?; fi
    if [[ $status != 0 && $(state) != READY ]]; then status=75; fi # pre-empted: once more
done
exit "$status"
