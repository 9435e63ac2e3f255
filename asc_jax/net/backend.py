"""Where the network's arithmetic is written by hand, and where it is left to XLA."""

import jax


def by_hand() -> bool:
    """Whether this is a CPU: XLA's own convolutions and derivatives cost it several times as much there."""
    return jax.default_backend() == "cpu"
