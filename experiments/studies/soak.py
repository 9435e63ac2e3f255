"""The demo chain, killed at random moments, against an undisturbed one.

    .venv/bin/python experiments/studies/soak.py [FOLDER]

SIGTERM and SIGKILL come while it trains. On one device, and on two that one process or two have in turn, every
parameter must end the same to the bit as undisturbed. More devices in several processes add in another order than in
one, and so does another number of them: where that changes from start to start it is trained in float64, each round
from the undisturbed one before, and must tell every test clip the same. About an hour on 2 cores.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from same_everywhere import create_state_in, folder_argument, free_port

# command, finetunings that it makes or goes on from, kills of the disturbed chain
COMMANDS = (("pretrain", 3, 3), ("finetune", 3, 8), ("pseudolabel", 3, 4))
ROUNDS = (("pretrain", 0, 3), ("finetune", 1, 3), ("finetune", 2, 3), ("finetune", 3, 3), ("pseudolabel", 3, 3))
# (processes, devices of each), in one of which each start is
ONE, TWO, ANY = [(1, 1)], [(1, 2), (2, 1)], [(1, 1), (1, 4), (2, 1), (2, 2)]
LIFE = (8, 30)  # seconds, from the start of a process to its end


def chain(folder: Path, precision: str, commands: tuple, arrangements: list, disturbed: bool) -> None:
    """Runs the commands in the folder, each start in one of the arrangements."""
    chance = random.Random(0)
    for command, finetunings, kills in commands:
        arguments = [precision, command, "demo", "--finetune-rounds", f"{finetunings}", "--workdir", f"{folder}"]
        for left in range(kills if disturbed else 0, -1, -1):
            processes, devices = chance.choice(arrangements)
            running = start(arguments, Path(f"{folder}.log"), processes, devices)
            if left:
                disturb(running, chance)
            statuses = [wait(process) for process in running]
            if not any(statuses):
                break
            print(f"{folder.name}, {command}, {processes} x {devices} devices: {statuses}", flush=True)
            assert left, "it failed undisturbed"


def start(arguments: list[str], log: Path, processes: int, devices: int) -> list[subprocess.Popen]:
    """Starts one command in so many processes."""
    several = ["--distributed", "--coordinator", f"localhost:{free_port()}", "--processes", f"{processes}", "--process"]
    asked = [sys.executable, __file__, "asc-jax", *arguments]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": f"{devices}"}
    with log.open("a") as output:
        return [
            subprocess.Popen(
                asked + (several + [f"{n}"]) * (processes > 1), env=environment, stdout=output, stderr=output
            )
            for n in range(processes)
        ]


def disturb(running: list[subprocess.Popen], chance: random.Random) -> None:
    """Sends a signal to one of the processes after a while, if it still runs then."""
    victim, sent = chance.choice(running), chance.choice((signal.SIGTERM, signal.SIGKILL))
    until = time.monotonic() + chance.uniform(*LIFE)
    while time.monotonic() < until and any(process.poll() is None for process in running):
        time.sleep(0.05)
    victim.send_signal(sent)


def wait(process: subprocess.Popen) -> int:
    """The exit status: -9 killed, -15 or 143 terminated before training, 75 saved after SIGTERM or without its peer."""
    status = process.wait()
    assert status in (0, 75, 128 + signal.SIGTERM, -signal.SIGKILL, -signal.SIGTERM), status
    return status


def compute_in(precision: str) -> None:
    """Makes asc_jax train, and restore, in a precision that it does not offer."""
    import asc_jax.train.rounds as rounds

    rounds.create_state = create_state_in(precision)


def report(disturbed: Path, undisturbed: list, to_the_bit: bool) -> None:
    """Compares the last rounds of a run with undisturbed ones; AssertionError where they are not the same."""
    import jax
    import numpy as np

    from asc_jax.evaluate.runs import read_run
    from asc_jax.train.trained import load

    for rounds in zip(read_run(disturbed)[-len(undisturbed) :], undisturbed, strict=True):
        ours, theirs = (each.predictions for each in rounds)
        arrays, others = (jax.tree.leaves(load(each.folder)[2]) for each in rounds)
        same = sum(np.array_equal(a, b) for a, b in zip(arrays, others, strict=True))
        changed = (ours.label != theirs.label).sum()
        print(
            f"{disturbed.name}, {rounds[0].name}: accuracy {100 * (ours.label == ours.truth).mean():.2f} %, undisturbed"
            f" {100 * (theirs.label == theirs.truth).mean():.2f} %; {changed} of {len(ours.label)} test clips "
            f"predicted otherwise; {same} of {len(arrays)} arrays the same to the bit",
            flush=True,
        )
        assert not changed and (same == len(arrays) or not to_the_bit)


def main() -> None:
    from asc_jax.evaluate.runs import read_run

    folder = folder_argument(__doc__)
    folder.mkdir(parents=True, exist_ok=True)
    for name, arrangements in (("one device", ONE), ("two devices", TWO)):
        undisturbed = folder / f"{name} undisturbed"
        chain(undisturbed, "float32", COMMANDS, arrangements[:1], disturbed=False)
        chain(folder / name, "float32", COMMANDS, arrangements, disturbed=True)
        report(folder / name, read_run(undisturbed), to_the_bit=True)
    compute_in("float64")
    chain(folder / "float64 undisturbed", "float64", ROUNDS, ONE, disturbed=False)
    rounds = read_run(folder / "float64 undisturbed")
    for number, command in enumerate(ROUNDS):
        here = folder / f"any devices {number}"
        for before in rounds[:number]:
            shutil.copytree(before.folder, here / before.name)
        chain(here, "float64", (command,), ANY, disturbed=True)
        report(here, rounds[number : number + 1], to_the_bit=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["asc-jax"]:
        from asc_jax.cli import main as asc_jax

        if sys.argv[2] == "float64":
            compute_in("float64")
        sys.argv[1:] = sys.argv[3:]
        asc_jax()
    else:
        main()
