"""The demo chain, killed at random moments, against an undisturbed one.

    .venv/bin/python tests/long/soak.py [FOLDER]

SIGTERM and SIGKILL come while the chain runs on one device, and while it runs on two, which one process or two have in
turn: there every parameter, and so the accuracy, must end the same to the bit as undisturbed. More than two devices in
several processes add in another order than in one, and so does another number of them: where that changes from start to
start the accuracies must be alike, so that McNemar's test sees no difference. About 50 minutes on 2 cores.
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
KILLS = 15  # of each disturbed chain
# (processes, devices of each), in one of which each start is
ONE, TWO, ANY = [(1, 1)], [(1, 2), (2, 1)], [(1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (4, 1)]
LIFE = (8, 30)  # seconds, from the start of a process to its end


def chain(folder: Path, arrangements: list[tuple[int, int]], kills: int) -> None:
    """Runs the chain, each start in one of the arrangements, with so many kills."""
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


def report(folder: Path, disturbed: str, undisturbed: str, to_the_bit: bool) -> None:
    """Compares two chains, round by round; AssertionError where they should be alike or the same and are not."""
    import jax
    import numpy as np

    from asc_jax.evaluate.compare import mcnemar
    from asc_jax.evaluate.runs import read_run
    from asc_jax.train.rounds import load

    for rounds in zip(read_run(folder / disturbed), read_run(folder / undisturbed), strict=True):
        ours, theirs = (each.predictions.label == each.predictions.truth for each in rounds)
        arrays, others = (jax.tree.leaves(load(each.folder)[2]) for each in rounds)
        same = sum(np.array_equal(a, b) for a, b in zip(arrays, others, strict=True))
        p = mcnemar(theirs, ours)
        print(
            f"{disturbed}, {rounds[0].name}: accuracy {100 * ours.mean():.2f} %, undisturbed {100 * theirs.mean():.2f} "
            f"%, McNemar's p {p:.2f}; {same} of {len(arrays)} arrays the same to the bit",
            flush=True,
        )
        assert p > 0.001 and (same == len(arrays) or not to_the_bit)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, arrangements in (("one device", ONE), ("two devices", TWO)):
        chain(folder / f"{name} undisturbed", arrangements[:1], 0)
        chain(folder / name, arrangements, KILLS)
        report(folder, name, f"{name} undisturbed", to_the_bit=True)
    chain(folder / "any devices", ANY, KILLS)
    report(folder, "any devices", "one device undisturbed", to_the_bit=False)


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp()).absolute())
