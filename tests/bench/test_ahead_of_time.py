"""Experiments compiled for a TPU v5e-8 by the TPU's own compiler: do they fit, and what do the chips exchange?"""

import os

import jax
import pytest

from asc_jax.bench.ahead_of_time import compile_evaluation_for, compile_training_for, tpu_mesh
from asc_jax.bench.network import Case
from asc_jax.cli import experiments
from asc_jax.config import Synthesis

MEMORY = 15.75e9  # bytes of a chip that programs may use
A_MAP = 128 * 63 * 4  # bytes of the smallest map of a clip, one channel of 2 s; Freq-MixStyle gathers 2 kB a clip
# Of the experiments with one network and augmentation, that with the most sound in a batch: if it fits, they all do.
_BY_SOUND = sorted(experiments().items(), key=lambda each: each[1].pretrain.batch_size * each[1].seconds)
NAMES = tuple({(each.network, each.pretrain.augmentation): name for name, each in _BY_SOUND}.values())
EFFORTS = ("jax_exec_time_optimization_effort", "jax_memory_fitting_effort")

pytestmark = [
    pytest.mark.tpu,
    pytest.mark.skipif("TPU_LIBRARY_PATH" not in os.environ, reason="needs the TPU's compiler, libtpu: make test-tpu"),
]


@pytest.fixture(scope="module")
def mesh():
    """Eight chips, and the least effort of their compiler: a quarter of the time, and no less memory."""
    with jax.default_matmul_precision("default"):  # as in training, and not as in the other tests
        for effort in EFFORTS:
            jax.config.update(effort, -1.0)
        yield tpu_mesh("v5e:2x4")
        for effort in EFFORTS:
            jax.config.update(effort, 0.0)


def case(name):
    experiment = experiments()[name]
    return Case(experiment.pretrain.batch_size, experiment.seconds, experiment.network, 1, experiment.pretrain)


@pytest.mark.parametrize("name", NAMES)
def test_a_training_step_fits_and_gathers_no_activations(name, mesh):
    of = case(name)
    program = compile_training_for(of, mesh)
    assert program.memory < MEMORY
    exchanged = {each.kind: each for each in program.collectives}
    parameters = sum(leaf.nbytes for leaf in jax.tree.leaves(of.state().params))
    assert parameters < exchanged.pop("all-reduce").bytes < 1.2 * parameters
    assert sum(each.bytes for each in exchanged.values()) < of.batch * A_MAP


def test_a_step_on_synthesised_sounds_fits_and_gathers_their_embeddings(mesh):
    of, synthesis = case("few_labels"), Synthesis(steps=1, pairs=256)
    program = compile_training_for(of, mesh, synthesis)
    assert program.memory < MEMORY
    gathered = sum(each.bytes for each in program.collectives if each.kind != "all-reduce")
    assert 2 * synthesis.pairs * 128 * 4 <= gathered < 2 * synthesis.pairs * A_MAP


@pytest.mark.parametrize("name", NAMES)
def test_an_evaluation_fits_and_exchanges_nothing(name, mesh):
    program = compile_evaluation_for(case(name), mesh)
    assert program.memory < MEMORY and not program.collectives
