"""TPU chips, and what Google publishes of them: limits of programs that are compiled for chips which are not here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """A chip's memory in bytes, and its rates: of the memory in bytes/s, of bfloat16 matrix products in FLOP/s."""

    name: str
    memory: float
    bandwidth: float
    matrix: float


# By the name that JAX gives the kind of device; the values of "Key chip specifications" on the chip's page.
CHIPS = {
    "TPU v5 lite": Chip("v5e", 16e9, 819e9, 197e12),  # https://docs.cloud.google.com/tpu/docs/v5e
    "TPU v5": Chip("v5p", 95e9, 2765e9, 459e12),  # https://docs.cloud.google.com/tpu/docs/v5p
    "TPU v6 lite": Chip("v6e", 32e9, 1640e9, 918e12),  # https://docs.cloud.google.com/tpu/docs/v6e
}
