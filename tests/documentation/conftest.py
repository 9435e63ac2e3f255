"""A folder of stand-ins in which documented commands run."""

import functools
from types import SimpleNamespace

import jax
import pytest
from recordings import write_all
from shell import Shell

from asc_jax.bench import growth, machine
from asc_jax.net import backend
from data_prep import synthesis


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A `Shell` in a folder with recordings, for which the demo is a sixteenth of its clips.

    Programs are those for accelerators, and hardly optimised: compiling them takes a third of the time.
    """
    plan = synthesis.plan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthesis, "plan", lambda seed: plan(seed)[::16])
        patch.setattr(backend, "_told", SimpleNamespace(get=lambda: False, set=lambda told: None, reset=lambda _: None))
        patch.setattr("asc_jax.cli.watched", lambda run: run())
        patch.setattr("asc_jax.processes.join", lambda coordinator, processes, process: None)
        patch.setattr(machine, "limits", functools.cache(machine.limits))
        patch.setattr(growth, "BATCHES", (8,))
        patch.setattr(growth, "LENGTHS", (0.25,))
        patch.setattr(growth, "STEPS", (1,))
        jax.config.update("jax_disable_most_optimizations", True)
        folder = tmp_path_factory.mktemp("documentation")
        write_all(folder)
        yield Shell(folder)
        jax.config.update("jax_disable_most_optimizations", False)
        jax.clear_caches()
