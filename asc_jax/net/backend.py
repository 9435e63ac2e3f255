"""What the network is traced for: a CPU or an accelerator, one device or a share of a batch on each of several."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

import jax
import jax.numpy as jnp

_axis: ContextVar[str | None] = ContextVar("statistics_over", default=None)
_told: ContextVar[bool | None] = ContextVar("written_by_hand", default=None)
_products: ContextVar[bool] = ContextVar("fourier_by_products", default=False)


@contextmanager
def _during(variable: ContextVar, value) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def by_hand() -> bool:
    """Whether this is a CPU: XLA's own convolutions and derivatives cost it several times as much there."""
    told = _told.get()
    return jax.default_backend() == "cpu" if told is None else told


def written_by_hand(told: bool) -> AbstractContextManager:
    """Decides for what is traced inside; a jitted function that is traced already stays as it is."""
    return _during(_told, told)


def without_fft() -> bool:
    """Whether what runs this has no fast Fourier transform."""
    return _products.get()


def fourier_by_products() -> AbstractContextManager:
    """What is traced inside has matrix products for Fourier transforms."""
    return _during(_products, True)


def statistics_over(axis: str) -> AbstractContextManager:
    """What is traced inside has a share of the batch, and statistics over all of it along this axis of a mesh."""
    return _during(_axis, axis)


def over_devices(mean, var):
    """Mean and biased variance [C] of the whole batch, from those of each device's share; they are of one size."""
    if (axis := _axis.get()) is None:
        return mean, var
    whole = jax.lax.pmean(mean, axis)
    return whole, jax.lax.pmean(var + jnp.square(mean - whole), axis)


def sharing_devices() -> int:
    """How many devices share the batch."""
    return 1 if _axis.get() is None else jax.lax.axis_size(_axis.get())
