"""What the network is traced for: a CPU or an accelerator, one device or a share of a batch on each of several."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

import jax
import jax.numpy as jnp

_axis: ContextVar[str | None] = ContextVar("statistics_over", default=None)
_chosen: ContextVar[bool | None] = ContextVar("written_by_hand", default=None)
_others: ContextVar[bool] = ContextVar("for_other_runtimes", default=False)


@contextmanager
def _during(variable: ContextVar, value) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def by_hand() -> bool:
    """Whether this is a CPU: XLA's own convolutions and derivatives cost it several times as much there."""
    chosen = _chosen.get()
    return jax.default_backend() == "cpu" if chosen is None else chosen


def written_by_hand(chosen: bool) -> AbstractContextManager:
    """Decides for what is traced inside; a jitted function that is traced already stays as it is."""
    return _during(_chosen, chosen)


def without_xla() -> bool:
    """Whether another runtime is to run this: it may have no Fourier transform, and no loops that fuse operations."""
    return _others.get()


def for_other_runtimes() -> AbstractContextManager:
    """What is traced inside is for a runtime without XLA: of sums, products and maxima where those do."""
    return _during(_others, True)


def statistics_over(axis: str) -> AbstractContextManager:
    """What is traced inside has a share of the batch, and statistics over all of it along this axis of a mesh."""
    return _during(_axis, axis)


def over_devices(mean: jax.Array, var: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean and biased variance [C] of the whole batch, from those of each device's share; they are of one size."""
    if (axis := _axis.get()) is None:
        return mean, var
    whole = jax.lax.pmean(mean, axis)
    return whole, jax.lax.pmean(var + jnp.square(mean - whole), axis)


def sharing_devices() -> int:
    """How many devices share the batch."""
    return 1 if _axis.get() is None else jax.lax.axis_size(_axis.get())
