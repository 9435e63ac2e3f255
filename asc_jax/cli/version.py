"""The versions that a report of a fault needs: asc-jax --version."""

import platform
from importlib.metadata import version


def print_version() -> None:
    """Prints asc_jax's version, and then Python's, JAX's and the accelerator, which takes a second to find."""
    print(f"asc_jax {version('asc_jax')}, Python {platform.python_version()}, jax {version('jax')}", flush=True)
    import jax

    try:
        found = jax.devices()
    except RuntimeError as error:  # such as a TPU that another process holds
        print(f"no accelerator: {str(error).splitlines()[0]}")
    else:
        print(f"{len(found)} x {found[0].device_kind} ({found[0].platform})")
