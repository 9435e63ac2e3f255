import itertools

import jax
from jax.experimental import multihost_utils

from asc_jax.train import stopping


def test_several_processes_ask_from_1_on_whatever_the_step_and_never_again_from_1(monkeypatch):
    """JAX stops them at one number alone, the one after the last that was asked when SIGTERM came."""
    asked = []
    monkeypatch.setattr(jax.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(multihost_utils, "reached_preemption_sync_point", asked.append)
    monkeypatch.setattr(stopping, "_asked", itertools.count(1))
    for steps in ((33, 34, 35), (1, 2)):  # a round that goes on, and the next one
        with stopping.sigterm() as asked_to_stop:
            for step in steps:
                asked_to_stop(step)
    assert asked == [1, 2, 3, 4, 5]
