"""The demo's first 50 steps on one device, eight simulated ones, and two and four processes: do they learn the same?

    .venv/bin/python experiments/studies/same_everywhere.py [FOLDER]

Every arrangement trains from the same seed and writes its losses; then each predicts the test with the weights that one
device ended with. Each takes sums in another order, and AdamW makes much of little in its first steps: what is the same
in float64 is merely alike in float32. About 20 minutes on 2 cores, of which most is compiling.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = 50
PRECISIONS = ("float32", "float64")
ARRANGEMENTS = {"1 device": (1, 1), "8 devices": (1, 8), "2 processes": (2, 1), "4 processes": (4, 1)}


def learn(folder: Path) -> None:
    """Trains, in one of several processes, and writes losses and predictions into the folder."""
    import jax
    import numpy as np

    from asc_jax.cli.training import use_compilation_cache
    from asc_jax.config import rounds
    from asc_jax.data.batches import targets, training_batches
    from asc_jax.data.cache import reader
    from asc_jax.data.splits import open_records
    from asc_jax.devices import on_every_device, shard_batch
    from asc_jax.evaluate.predict import predict
    from asc_jax.net.scenenet import SceneNet
    from asc_jax.processes import is_first, join
    from asc_jax.train import checkpoint
    from asc_jax.train.step import training_step
    from data_prep import prepare
    from experiments.demo import experiment

    processes, number, port = (int(os.environ[name]) for name in ("PROCESSES", "PROCESS", "PORT"))
    precision = folder.parent.name
    use_compilation_cache()
    if processes > 1:
        join(f"localhost:{port}", processes, number)
    (each,) = rounds(experiment, "pretrain")
    records = open_records(prepare("scenes", None, seconds=experiment.seconds))
    clips, batch_size = records.split(*each.splits), each.phase.batch_size
    net = SceneNet(len(records.scenes), experiment.network)
    fresh = create_state_in(precision)(net, records.samples, jax.random.key(0))
    state, losses = on_every_device(fresh), []
    batches = training_batches(
        reader(clips, "none"), targets(clips, {}), batch_size, 9, 0, 0, jax.process_index(), processes
    )
    step = training_step(net, each.phase)
    for _, batch in zip(range(STEPS), batches, strict=False):
        state, metrics = step(state, shard_batch(batch), each.phase.learning_rate, np.uint32(0))
        losses.append(float(metrics["loss"]))
    with checkpoint.manager(folder.parent / "1 device") as checkpoints:
        if checkpoints.latest_step() is None:
            checkpoint.save(checkpoints, STEPS, state)
            checkpoint.finish(checkpoints)
        of_one_device = checkpoint.restore(checkpoints, fresh)
    assert of_one_device
    predictions, _ = predict(net, of_one_device.variables, records.split("test"), batch_size)
    if is_first():
        written = {"losses": losses, "labels": predictions.label.tolist(), "cosine": predictions.cosine.tolist()}
        (folder / "predictions.json").write_text(json.dumps(written))


def create_state_in(precision: str):
    """`create_state` whose floats have the precision; JAX computes in it from here on."""
    import jax

    from asc_jax.train.step import create_state

    jax.config.update("jax_enable_x64", precision == "float64")
    return lambda *args: jax.tree.map(
        lambda leaf: leaf.astype(precision) if leaf.dtype == "float32" else leaf, create_state(*args)
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def start(folder: Path, processes: int, devices: int) -> None:
    """Runs one arrangement to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    flags = f"--xla_force_host_platform_device_count={devices}"
    running = [
        subprocess.Popen(
            [sys.executable, __file__, "learn", folder],
            env=os.environ | {"XLA_FLAGS": flags, "PROCESSES": f"{processes}", "PROCESS": f"{n}", "PORT": f"{port}"},
        )
        for n in range(processes)
    ]
    assert not any(process.wait() for process in running)


def folder_argument(description: str | None) -> Path:
    """The folder that the command line names, or a new one."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="for the runs (default: a new one)")
    return (parser.parse_args().folder or Path(tempfile.mkdtemp())).absolute()


def main() -> None:
    folder = folder_argument(__doc__)
    for precision in PRECISIONS:
        compare(precision, folder / precision)


def compare(precision: str, folder: Path) -> None:
    """Runs all arrangements in one precision, and prints how each differs from one device."""
    import numpy as np

    results = {}
    for name, (processes, devices) in ARRANGEMENTS.items():
        start(folder / name, processes, devices)
        written = json.loads((folder / name / "predictions.json").read_text())
        results[name] = {key: np.array(value) for key, value in written.items()}
        one, ours = results["1 device"], results[name]
        difference = np.abs(ours["losses"] / one["losses"] - 1)
        print(
            f"{precision}, {name}: losses {ours['losses'][0]:.4f} to {ours['losses'][-1]:.4f}, relative difference "
            f"{difference[:10].max():.1e} in the first 10 steps, {difference.max():.1e} in {STEPS}; evaluation: "
            f"{(ours['labels'] != one['labels']).sum()} of {len(one['labels'])} clips differ, "
            f"cosines by {np.abs(ours['cosine'] - one['cosine']).max():.1e}",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["learn"]:
        learn(Path(sys.argv[2]))
    else:
        main()
