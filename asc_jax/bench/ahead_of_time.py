"""Programs compiled for TPUs that are not here, by the TPU's own compiler (libtpu), which runs on any x86 machine."""

import os
import time
from dataclasses import dataclass

import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from asc_jax.bench.collectives import Collective, collectives
from asc_jax.bench.network import Case
from asc_jax.config import Synthesis
from asc_jax.data.responses import COUNT, TAPS
from asc_jax.devices import mesh_of, shardings
from asc_jax.evaluate.predict import predictor
from asc_jax.net.folding import fold
from asc_jax.train.step import create_state, training_step


@dataclass(frozen=True)
class Program:
    """What the compiler says of a program: its time in seconds, memory of one chip in bytes, and collectives."""

    compile_seconds: float
    arguments: int
    outputs: int  # those that do not take the place of donated arguments
    temporaries: int
    code: int
    collectives: list[Collective]

    @property
    def memory(self) -> int:
        """Bytes that one chip needs."""
        return self.arguments + self.outputs + self.temporaries + self.code


def tpu_mesh(topology: str) -> Mesh:
    """The devices of a TPU slice, such as v5e:2x4, of which none needs to be here."""
    os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")  # it would ask the cloud's metadata server what machine this is
    os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
    return mesh_of(topologies.get_topology_desc(platform="tpu", topology_name=topology).devices)


def compile_training_for(case: Case, mesh: Mesh, synthesis: Synthesis | None = None) -> Program:
    """Compiles the training step of a case, on a batch of clips or on sounds that it synthesises.

    The devices of the mesh share them.
    """
    audio = jax.ShapeDtypeStruct((case.batch, case.samples), np.int16)
    of_clips = {"label": np.int32, "weight": np.float32}
    batch = {"audio": audio} | {name: jax.ShapeDtypeStruct((case.batch,), kind) for name, kind in of_clips.items()}
    batch = {} if synthesis else batch
    if case.phase.augmentation.dir_prob:
        batch["responses"] = jax.ShapeDtypeStruct((COUNT, TAPS), np.float32)
    state = jax.eval_shape(lambda: create_state(case.net, case.samples, jax.random.key(0)))
    rate, seed = jax.ShapeDtypeStruct((), np.float32), jax.ShapeDtypeStruct((), np.uint32)
    arguments = _replicated(state, mesh), _placed(batch, shardings(mesh, batch)), *_replicated((rate, seed), mesh)
    return _compile(training_step(case.net, case.phase, mesh, synthesis), arguments)


def compile_evaluation_for(case: Case, mesh: Mesh) -> Program:
    """Compiles the prediction of a batch with the folded network."""
    state = jax.eval_shape(lambda: create_state(case.net, case.samples, jax.random.key(0)))
    variables = jax.eval_shape(fold, state.variables)
    audio = {"audio": jax.ShapeDtypeStruct((case.batch, case.samples), np.int16)}
    arguments = _replicated(variables, mesh), _placed(audio, shardings(mesh, audio))["audio"]
    return _compile(predictor(case.net.clone(folded=True), case.batch, mesh), arguments)


def _replicated(tree, mesh: Mesh):
    everywhere = NamedSharding(mesh, PartitionSpec())
    return _placed(tree, jax.tree.map(lambda _: everywhere, tree))


def _placed(tree, to):
    return jax.tree.map(lambda x, sharding: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree, to)


def _compile(function, arguments) -> Program:
    start = time.perf_counter()
    compiled = function.lower(*arguments).compile()
    memory = compiled.memory_analysis()
    return Program(
        time.perf_counter() - start,
        memory.argument_size_in_bytes,
        memory.output_size_in_bytes - memory.alias_size_in_bytes,
        memory.temp_size_in_bytes,
        memory.generated_code_size_in_bytes,
        collectives(compiled.as_text()),
    )
