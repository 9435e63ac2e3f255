"""The compiled network without data or checkpoints: a training step, an evaluation of a batch, one clip."""

import time
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.bench.arithmetic import multiply_accumulates
from asc_jax.bench.machine import peak_memory
from asc_jax.bench.timing import Result, seconds_in_a_row, seconds_of
from asc_jax.config import Phase
from asc_jax.data.responses import synthesised
from asc_jax.devices import can_share, on_every_device, shard_batch
from asc_jax.evaluate.predict import predictor
from asc_jax.net.folding import fold
from asc_jax.net.frontend import RATE
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import Step, TrainState, create_state, training_step
from asc_jax.typed import jitted


@dataclass(frozen=True)
class Case:
    """What is timed: batches of `batch` clips of `seconds`."""

    batch: int
    seconds: float
    network: Network
    repeats: int
    phase: Phase = Phase()
    scenes: int = 10  # as many as TAU and CAS have

    @property
    def net(self) -> SceneNet:
        return SceneNet(self.scenes, self.network)

    @property
    def samples(self) -> int:
        return round(self.seconds * RATE)

    def audio(self, clips: int) -> np.ndarray:
        """Noise: int16 [clips, samples]."""
        return np.random.default_rng(0).normal(0, 3000, (clips, self.samples)).astype(np.int16)

    def state(self) -> TrainState:
        return on_every_device(create_state(self.net, self.samples, jax.random.key(0)))

    def training(self) -> tuple[Step, tuple]:
        """A training step, and what it takes beside the state: a batch that lies on the devices, a rate, a seed."""
        label = np.arange(self.batch) % self.scenes
        batch = {"audio": self.audio(self.batch), "label": label, "weight": np.ones(self.batch, np.float32)}
        batch["responses"] = on_every_device(synthesised(0))
        return training_step(self.net, self.phase), (shard_batch(batch), 1e-3, np.uint32(0))

    def multiply_accumulates(self) -> int:
        """Of one clip, forward."""
        audio = jax.ShapeDtypeStruct((1, self.samples), jnp.float32)
        variables = jax.eval_shape(self.net.init, jax.random.key(0), audio)
        return multiply_accumulates(self.net.clone(backend="xla").apply, variables, audio)


@dataclass(frozen=True)
class TrainingStep:
    """The compiled training step of a case, and the arguments it takes after the state."""

    case: Case
    compiled: jax.stages.Compiled
    arguments: tuple
    compile_seconds: float

    @property
    def program(self) -> str:
        """The compiled program, HLO text."""
        return self.compiled.as_text() or ""


def compile_training(case: Case) -> TrainingStep:
    """Compiles the training step for a batch that is on the accelerator already."""
    step, arguments = case.training()
    step, seconds = _compiled(step.lower(case.state(), *arguments))
    return TrainingStep(case, step, arguments, seconds)


def training(step: TrainingStep, in_a_row: bool = False) -> Result:
    """A training step, waited for or one after the other; its arithmetic is three times that of the forward pass."""
    case, state = step.case, step.case.state()

    def call():
        nonlocal state
        state, metrics = step.compiled(state, *step.arguments)
        return metrics

    seconds = (seconds_in_a_row if in_a_row else seconds_of)(call, case.repeats)
    name = "training steps in a row" if in_a_row else "training step"
    arithmetic = 3 * case.multiply_accumulates()
    return _result(name, case.batch, seconds, step.compile_seconds, step.compiled, arithmetic, jax.device_count())


def evaluation(case: Case, clips: int | None = None) -> Result:
    """Predicting a batch (or `clips` clips) with the folded network."""
    clips = clips or case.batch
    variables, audio = case.state().variables, case.audio(clips)
    if can_share(clips):
        devices, audio = jax.device_count(), shard_batch({"audio": audio})["audio"]
    else:
        devices, (variables, audio) = 1, jax.device_put((variables, audio), jax.devices()[0])
    variables = jitted(fold)(variables)
    predict, compile_seconds = _compiled(predictor(case.net.clone(folded=True), clips).lower(variables, audio))
    seconds = seconds_of(lambda: predict(variables, audio), case.repeats if clips > 1 else 20 * case.repeats)
    name = "evaluation" if clips > 1 else "one clip"
    return _result(name, clips, seconds, compile_seconds, predict, case.multiply_accumulates(), devices)


def _compiled(lowered: jax.stages.Lowered) -> tuple[jax.stages.Compiled, float]:
    """(the compiled function, the seconds that compiling it took)."""
    start = time.perf_counter()
    function = lowered.compile()
    return function, time.perf_counter() - start


def _result(name, clips, seconds, compile_seconds, function, per_clip, devices):
    temporaries = devices * function.memory_analysis().temp_size_in_bytes
    traffic = devices * function.cost_analysis()["bytes accessed"]
    return Result(name, clips, seconds, compile_seconds, temporaries, traffic, clips * per_clip, peak_memory())
