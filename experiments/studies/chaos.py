"""The demo chain among faults in random order: every parameter must end as that of an undisturbed one, to the bit.

    .venv/bin/python experiments/studies/chaos.py FOLDER UNDISTURBED MINUTES

FOLDER is on a small file system of its own, which is filled and robbed of its inodes:

    mount -t tmpfs -o size=600m,nr_inodes=3000 tmpfs FOLDER

Permissions and stale handles come from a library that is loaded before the others (it needs gcc).
"""

import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = ("pretrain", "finetune", "pseudolabel")
ERRORS = {"EACCES": 13, "ESTALE": 116, "EIO": 5}
FAULTS = ("SIGKILL", "SIGTERM", "second trainer", "full disk", "no inodes", *ERRORS)
LIFE = (8, 60)  # seconds, from the start of a process to its end
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#define BAD(p) (p && strstr(p, "/checkpoints") && (f & O_ACCMODE || strstr(p, "/d/")) && \
  (errno = atoi(getenv("CHAOS"))))
#define OPEN(name) int name(const char *p, int f, ...) { va_list a; va_start(a, f); int m = va_arg(a, int); va_end(a); \
  if (BAD(p)) return -1; int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); return next(p, f, m); }
OPEN(open) OPEN(open64)
int openat(int d, const char *p, int f, ...) { va_list a; va_start(a, f); int m = va_arg(a, int); va_end(a);
  if (BAD(p)) return -1; int (*next)(int, const char *, int, ...) = dlsym(RTLD_NEXT, "openat");
  return next(d, p, f, m); }
"""


def shim(folder: Path) -> str:
    """The library that makes files of checkpoints fail to open."""
    library = folder / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", library, "-ldl"], input=SHIM.encode(), check=True)
    return str(library)


def start(command: str, run: Path, **environment: str) -> subprocess.Popen:
    """One command of the chain, which prints into a file beside the run."""
    code = "import sys; from asc_jax.cli import main; main(sys.argv[1:])"
    arguments = [sys.executable, "-c", code, command, "demo", "--workdir", str(run)]
    with Path(f"{run}.log").open("ab") as output:
        return subprocess.Popen(arguments, env=os.environ | environment, stdout=output, stderr=output)


def last_words(run: Path, start: int) -> str:
    """The last line that was printed since."""
    with Path(f"{run}.log").open("rb") as log:
        log.seek(start)
        lines = [line for line in log.read().decode(errors="replace").replace("\r", "\n").splitlines() if line.strip()]
    traceback = any(line.startswith("Traceback") for line in lines)
    said = [line for line in lines if line.startswith("asc-jax:")]
    return "TRACEBACK " * traceback + (said or lines or [""])[-1].replace(str(run.parent), "")


def live(process: subprocess.Popen, chance: random.Random) -> int | None:
    """The status of a process that ends within its life, None of one that does not."""
    until = time.monotonic() + chance.uniform(*LIFE)
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.1)
    return process.poll()


def end(process: subprocess.Popen, number: int) -> int:
    process.send_signal(number)
    return process.wait()


def disturbed(fault: str, command: str, run: Path, library: str, chance: random.Random) -> tuple[int, str]:
    """(the exit status, the last line) of a command that meets a fault; of a second trainer it is that one's."""
    begin = Path(f"{run}.log").stat().st_size if Path(f"{run}.log").exists() else 0
    filled = run.parent / "filled"
    filled.mkdir(exist_ok=True)
    environment = {"LD_PRELOAD": library, "CHAOS": str(ERRORS[fault])} if fault in ERRORS else {}
    if fault == "full disk":
        free = shutil.disk_usage(filled).free
        (filled / "file").write_bytes(bytes(max(0, free - chance.choice((0, 300_000, 3_000_000, 12_000_000)))))
    if fault == "no inodes":
        for number in range(os.statvfs(filled).f_favail - chance.choice((0, 3, 20))):
            (filled / f"{number}").touch()
    process = start(command, run, **environment)
    try:
        if fault == "second trainer" and live(process, chance) is None:
            second = start(command, run)
            return second.wait(), last_words(run, begin)
        status = live(process, chance)
        if status is None:
            status = end(process, signal.SIGTERM if fault == "SIGTERM" else signal.SIGKILL)
        return status, last_words(run, begin)
    finally:
        if process.poll() is None:
            end(process, signal.SIGKILL)
        shutil.rmtree(filled)


def same(run: Path, other: Path) -> str:
    """How many arrays of all rounds are the same to the bit."""
    import jax
    import numpy as np

    from asc_jax.evaluate.runs import read_run
    from asc_jax.train.trained import load

    counts = []
    for ours, theirs in zip(read_run(run), read_run(other), strict=True):
        arrays, others = (jax.tree.leaves(load(each.folder)[2]) for each in (ours, theirs))
        counts.append(sum(np.array_equal(a, b) for a, b in zip(arrays, others, strict=True)))
        assert counts[-1] == len(arrays), (ours.folder, counts[-1], len(arrays))
        rows = [
            each.metrics[["step", "epoch", "loss", "accuracy"]] for each in (ours, theirs) if each.metrics is not None
        ]
        assert rows[0].equals(rows[1]), ours.folder
    return f"{run.name}: {sum(counts)} of {sum(counts)} arrays, and all rows of metrics.csv, the same to the bit"


def main() -> None:
    folder, undisturbed = Path(sys.argv[1]), Path(sys.argv[2])
    until = time.monotonic() + 60 * float(sys.argv[3])
    chance, verdicts, library = random.Random(0), collections.Counter(), shim(folder)
    for number in range(1, 100):
        run = folder / f"run {number}"
        for command in COMMANDS:
            while time.monotonic() < until:
                fault = chance.choice(FAULTS)
                status, words = disturbed(fault, command, run, library, chance)
                verdicts[fault, status] += 1
                print(f"{command}, {fault}: {status}: {words[:200]}", flush=True)
                assert not words.startswith("TRACEBACK"), words
                if status == 0 and fault != "second trainer":
                    break
            assert start(command, run).wait() == 0, command
        print(same(run, undisturbed), flush=True)
        if time.monotonic() > until:
            break
        shutil.rmtree(run)
    for (fault, status), count in sorted(verdicts.items()):
        print(f"{fault}: status {status}: {count} times")


if __name__ == "__main__":
    main()
