import jax
import numpy as np
import pytest

from asc_jax.config import PAPER, RELEASED
from asc_jax.net.scenenet import SceneNet, to_waveform
from asc_jax.train.step import create_state, loss

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("quick_to_compile")]


@pytest.mark.parametrize("network", [RELEASED, PAPER], ids=["released", "paper"])
def test_degenerate_clips_give_finite_outputs_and_gradients(network):
    net = SceneNet(3, network)
    audio = np.zeros((6, 16_000), np.int16)  # the first stays silent
    audio[1] = 12_345
    audio[2] = np.where(np.sin(np.arange(16_000) / 7) > 0, 32_767, -32_768)  # clipped throughout
    audio[3, 8_000] = 32_767
    audio[4, 0] = 1
    audio[5] = np.random.default_rng(0).integers(-32_768, 32_768, 16_000)
    state = create_state(net, 16_000, jax.random.key(0))
    outputs = jax.jit(net.apply)(state.variables, to_waveform(audio))
    assert all(np.isfinite(each).all() for each in outputs)
    low = 0 if network.plain_projection else 0.5  # the released map comes from a ReLU
    assert (outputs.attention >= low).all() and (outputs.attention <= 1).all()
    batch = {"audio": audio, "label": np.arange(6) % 3, "weight": np.ones(6, np.float32)}
    gradients, (batch_stats, _) = jax.jit(jax.grad(loss, has_aux=True), static_argnums=2)(
        state.params, state.batch_stats, net, batch
    )
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((gradients, batch_stats)))
