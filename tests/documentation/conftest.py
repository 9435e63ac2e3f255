"""A folder of stand-ins in which documented commands run."""

import functools

import jax
import pytest
from recordings import write_all
from shell import Shell

from asc_jax.bench import growth, machine
from asc_jax.deploy.exporting import onnxruntime_web
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state
from data_prep import synthesis
from data_prep.tau2020 import SCENES


def random_weights(network):
    """The shipped ones are of the whole network, which takes longer to compile; the runs need this program, too."""
    return create_state(SceneNet(len(SCENES), network), 16_000, jax.random.key(0)).variables


@pytest.fixture(scope="module")
def shell(tmp_path_factory, quickest_to_compile):
    """A `Shell` in a folder with recordings, for which the demo is a sixteenth of its clips."""
    plan = synthesis.plan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthesis, "plan", lambda seed: plan(seed)[::16])
        patch.setattr("asc_jax.cli.watched", lambda run: run())
        patch.setattr("asc_jax.processes.join", lambda coordinator, processes, process: None)
        patch.setattr("asc_jax.train.rounds.shipped", random_weights)
        patch.setattr("asc_jax.cli.recipe.train", lambda options: None)  # of asc_jax.fit: the run is there
        patch.setattr(onnxruntime_web, "files", lambda package, cache: dict.fromkeys(onnxruntime_web.SHA256, b""))
        patch.setattr(machine, "limits", functools.cache(machine.limits))
        patch.setattr(growth, "BATCHES", (8,))
        patch.setattr(growth, "LENGTHS", (1.0,))
        patch.setattr(growth, "STEPS", (1,))
        folder = tmp_path_factory.mktemp("documentation")
        write_all(folder)
        yield Shell(folder)
