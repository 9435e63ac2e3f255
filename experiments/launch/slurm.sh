#!/usr/bin/env bash
#SBATCH --job-name=asc_jax
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
# One process for each GPU; two minutes before its time is up the job saves, and queues again until it is done.
#   sbatch experiments/launch/slurm.sh EXPERIMENT [options of asc-jax]     in the repository, on a disk all nodes share
#   bash experiments/launch/slurm.sh --dry-run EXPERIMENT [options of asc-jax]
cd "${SLURM_SUBMIT_DIR:-$(dirname "$0")/../..}" || exit
source experiments/launch/run.sh
[[ ${1-} ]] || usage

if [[ ! -e .venv/installed ]]; then experiments/launch/install.sh ${dry_run:+--dry-run} cuda; fi
status=0
run srun --kill-on-bad-exit=0 experiments/launch/train.sh "$@" --distributed || status=$?
if [[ $status == 75 ]]; then run scontrol requeue "${SLURM_JOB_ID:-}"; fi
exit "$status"
