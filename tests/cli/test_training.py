import jax
import jax.numpy as jnp
import pytest

from asc_jax.cli import main, training


def test_debug_nans_holds_for_all_of_a_round(monkeypatch, tmp_path):
    def run(*_):
        jax.jit(jnp.sort)(jnp.ones(3))  # one of what JAX does not look at, and must look again after
        log = jax.jit(jnp.log)
        for number in (1, 1, -1):  # the third call goes the fast way
            log(jnp.full(3, float(number)))

    monkeypatch.setattr("asc_jax.train.rounds.run", run)
    monkeypatch.setattr(training, "_records", lambda *_: None)
    monkeypatch.setattr("asc_jax.train.rounds.check_round", lambda *_: None)
    with pytest.raises(FloatingPointError):
        main(["scratch", "demo", "--debug-nans", "--workdir", str(tmp_path)])
