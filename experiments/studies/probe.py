"""What weights are worth before anything is trained on a target: a linear probe, and the nearest class mean.

    .venv/bin/python experiments/studies/probe.py WEIGHTS.npz LIST.csv ...

WEIGHTS.npz is what sounds.py writes; "random" stands for fresh ones, and a folder for the network of a finished round.
The lists are folds: each tests recordings that no other does. For each it prints the test accuracy of a logistic
regression on the 512 features before the embedding, and of the nearest class mean of the embedding, both fitted to the
labelled training clips, and in the end their means.
"""

import argparse
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np

from asc_jax.cli.training import use_compilation_cache
from asc_jax.data.records import Clips
from asc_jax.data.splits import open_records
from asc_jax.net.arcface import unit
from asc_jax.net.frontend import RATE
from asc_jax.net.scenenet import SceneNet, to_waveform
from asc_jax.train.shipped import read
from asc_jax.train.step import create_state
from asc_jax.train.trained import load
from data_prep import prepare
from experiments.few_labels import experiment as few_labels

BATCH = 40


def described(net: SceneNet, variables: dict, clips: Clips) -> tuple[np.ndarray, np.ndarray]:
    """(features [M, 512], embeddings [M, 128]) of the clips."""

    @jax.jit
    def of_batch(variables: dict, audio: jax.Array) -> Any:
        return net.apply(variables, to_waveform(audio), capture_intermediates=_is_last, mutable=["intermediates"])

    numbers = np.resize(np.arange(len(clips)), (-(-len(clips) // BATCH), BATCH))
    found = []
    for some in numbers:
        outputs, intermediates = of_batch(variables, clips.audio(some))
        (features,) = jax.tree.leaves(intermediates)
        found.append((features.reshape(BATCH, -1), outputs.embedding))
    features, embedding = zip(*found, strict=True)
    return np.concatenate(features)[: len(clips)], np.concatenate(embedding)[: len(clips)]


def _is_last(module: Any, method: str) -> bool:
    return module.name == "global_depthwise_norm" and method == "__call__"


def accuracies(net: SceneNet, variables: dict, file: Path, folder: Path, seconds: float) -> tuple[float, float]:
    """(of the linear probe, of the nearest class mean) on the test clips of a list, in %."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    records = open_records(prepare("clips", str(file), seconds=seconds, data_dir=str(folder)))
    labelled, tested = records.split("train"), records.split("test")
    label, truth = labelled.class_ids("label"), tested.class_ids("label")
    features, embedding = zip(*(described(net, variables, clips) for clips in (labelled, tested)), strict=True)
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000, C=0.1)).fit(features[0], label)
    directions = [np.asarray(unit(each)) for each in embedding]
    means = np.stack([directions[0][label == scene].mean(0) for scene in range(len(records.scenes))])
    nearest = (directions[1] @ means.T / np.linalg.norm(means, axis=1)).argmax(1)
    return 100 * np.mean(probe.predict(features[1]) == truth), 100 * np.mean(nearest == truth)


def network(weights: str, samples: int) -> tuple[SceneNet, dict]:
    """The network of these weights, and {params, batch_stats}, with a fresh head where they have none."""
    if Path(weights).is_dir():
        net, _, variables = load(Path(weights))
        return cast(SceneNet, net), variables
    net = SceneNet(1, few_labels.network)
    variables = create_state(net, samples, jax.random.key(0)).variables
    if weights != "random":
        kept = read(Path(weights), few_labels.network)
        variables = kept | {"params": kept["params"] | {"head": variables["params"]["head"]}}
    return net, variables


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("weights")
    options.add_argument("lists", type=Path, nargs="+")
    options.add_argument("--data-dir", type=Path, default=Path("prepared"))
    options.add_argument("--seconds", type=float, default=few_labels.seconds)
    args = options.parse_args()
    use_compilation_cache()
    net, variables = network(args.weights, round(args.seconds * RATE))
    rows = []
    for file in args.lists:
        rows.append(accuracies(net, variables, file, args.data_dir, args.seconds))
        print(f"{file}: linear probe {rows[-1][0]:.1f} %, class means {rows[-1][1]:.1f} %", flush=True)
    print("mean: linear probe {:.1f} %, class means {:.1f} %".format(*np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
