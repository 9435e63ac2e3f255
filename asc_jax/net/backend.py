"""Where the network's arithmetic is written by hand, and where it is left to XLA."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import jax

_told: ContextVar[bool | None] = ContextVar("written_by_hand", default=None)


def by_hand() -> bool:
    """Whether this is a CPU: XLA's own convolutions and derivatives cost it several times as much there."""
    told = _told.get()
    return jax.default_backend() == "cpu" if told is None else told


@contextmanager
def written_by_hand(told: bool) -> Iterator[None]:
    """Decides for what is traced inside; a jitted function that is traced already stays as it is."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)
