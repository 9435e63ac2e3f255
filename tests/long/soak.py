"""The demo chain, killed at random moments, against an undisturbed one.

    .venv/bin/python tests/long/soak.py [FOLDER]

First the chain runs undisturbed on one device. Then twice more, while SIGTERM and SIGKILL come at random moments:
on one device, where every parameter must end the same to the bit, and in one or two processes on one to four devices,
where sums are taken in another order and the accuracies must be alike. About 50 minutes on 2 cores.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = ("pretrain", "finetune", "pseudolabel")
KILLS = 20  # of each disturbed chain
LIFE = (8, 30)  # seconds, from the start of a process to its end


def chain(folder: Path, arrangements: list[tuple[int, int]], kills: int) -> None:
    """Runs the chain, each start in one of the arrangements (processes, devices of each), with so many kills."""
    chance, ends = random.Random(0), []
    for command in COMMANDS:
        finished = False
        while not finished:
            processes, devices = chance.choice(arrangements)
            running = start(command, folder, processes, devices)
            if len(ends) < kills:
                disturb(running, chance)
            statuses = [wait(process) for process in running]
            finished = not any(statuses)
            if not finished:
                ends.append(statuses)
                print(f"{len(ends)}. {command}, {processes} x {devices} devices: {statuses}", flush=True)
            assert len(ends) <= kills, "it failed undisturbed"


def start(command: str, folder: Path, processes: int, devices: int) -> list[subprocess.Popen]:
    """Starts one command in so many processes."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    several = ["--distributed", "--coordinator", f"localhost:{port}", "--processes", f"{processes}", "--process"]
    asked = [sys.executable, "-c", "from asc_jax.cli import main; main()", command, "demo", "--workdir", f"{folder}"]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": f"{devices}"}
    with open(f"{folder}.log", "a") as log:
        return [
            subprocess.Popen(asked + (several + [f"{n}"]) * (processes > 1), env=environment, stdout=log, stderr=log)
            for n in range(processes)
        ]


def disturb(running: list[subprocess.Popen], chance: random.Random) -> None:
    """Sends a signal to one of the processes after a while, if it still runs then."""
    victim, told = chance.choice(running), chance.choice((signal.SIGTERM, signal.SIGKILL))
    until = time.monotonic() + chance.uniform(*LIFE)
    while time.monotonic() < until and any(process.poll() is None for process in running):
        time.sleep(0.05)
    victim.send_signal(told)


def wait(process: subprocess.Popen) -> int:
    """The exit status: -9 killed, -15 or 143 terminated before training, 75 saved after SIGTERM or without its peer."""
    status = process.wait()
    assert status in (0, 75, 128 + signal.SIGTERM, -signal.SIGKILL, -signal.SIGTERM), status
    return status


def accuracies(folder: Path) -> dict[str, float]:
    from asc_jax.evaluate.runs import read_run

    return {each.name: (each.predictions.label == each.predictions.truth).mean() for each in read_run(folder)}


def report(folder: Path) -> None:
    """Compares the three chains, round by round."""
    import jax
    import numpy as np

    from asc_jax.train.rounds import load

    told = {name: accuracies(folder / name) for name in ("undisturbed", "one device", "any devices")}
    for name in told["undisturbed"]:
        ours, theirs = (jax.tree.leaves(load(folder / run / name)[2]) for run in ("one device", "undisturbed"))
        same = sum(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
        shown = ", ".join(f"{run} {100 * each[name]:.2f} %" for run, each in told.items())
        print(f"{name}: {same} of {len(ours)} arrays the same to the bit on one device; accuracy {shown}")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chain(folder / "undisturbed", [(1, 1)], 0)
    chain(folder / "one device", [(1, 1)], KILLS)
    chain(folder / "any devices", [(1, 1), (1, 2), (1, 4), (2, 1), (2, 2)], KILLS)
    report(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp()).absolute())
