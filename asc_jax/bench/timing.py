"""Time of something that runs on a device."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import jax


def seconds_of(function: Callable, repeats: int, warm_up: int = 2) -> list[float]:
    """Wall time of each of `repeats` calls, after some that do not count; each is waited for."""
    for _ in range(warm_up):
        jax.block_until_ready(function())
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function())
        seconds.append(time.perf_counter() - start)
    return seconds


def seconds_in_a_row(function: Callable, repeats: int) -> list[float]:
    """Mean wall time of `repeats` calls, of which only the last is waited for, as in training; one does not count."""
    jax.block_until_ready(function())
    start = time.perf_counter()
    for _ in range(repeats - 1):
        function()
    jax.block_until_ready(function())
    return [(time.perf_counter() - start) / repeats]


@dataclass(frozen=True)
class Result:
    """One benchmark; memory in bytes, arithmetic in multiply-accumulates of one call, None where it says nothing."""

    name: str
    clips: int
    seconds: list[float]
    compile_seconds: float | None = None
    temporaries: int | None = None
    traffic: float | None = None
    multiply_accumulates: int | None = None
    peak_memory: int | None = None

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def clips_per_second(self) -> float:
        return self.clips / self.median

    def shares(self, limits: dict[str, float]) -> dict[str, float]:
        """Parts of the measured limits that it reaches: of the matrix rate, of the memory rate."""
        if not self.multiply_accumulates or self.traffic is None:
            return {}
        arithmetic = 2 * self.multiply_accumulates / limits["matrix"]
        return {"matrix": arithmetic / self.median, "memory": self.traffic / limits["memory"] / self.median}
