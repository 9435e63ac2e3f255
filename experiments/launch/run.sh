# Sourced by the scripts beside it: --dry-run as the first argument makes `run` print commands instead of running them.
# shellcheck shell=bash
set -euo pipefail

dry_run=
if [[ ${1-} == --dry-run ]]; then
    dry_run=yes
    shift
fi

run() {
    if [[ $dry_run ]]; then
        printf '%q ' "$@"
        printf '\n'
    else
        "$@"
    fi
}

usage() { # prints the calling script's own comment
    sed -n '2,/^[^#]/s/^# //p' "$0" >&2
    exit 2
}
