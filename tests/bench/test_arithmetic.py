import jax
import jax.numpy as jnp

from asc_jax.bench.arithmetic import multiply_accumulates, products
from asc_jax.net.kernels import XLA
from asc_jax.net.scenenet import SceneNet


def array(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def test_layers_by_their_formulas():
    assert multiply_accumulates(lambda x, k: x @ k, array(6, 5), array(5, 7)) == 6 * 5 * 7
    depthwise = multiply_accumulates(lambda x, k: XLA.depthwise3x3(x, k, 2), array(2, 9, 8, 3), array(3, 3, 3))
    assert depthwise == 2 * 5 * 4 * 3 * 9
    looped = multiply_accumulates(lambda x: jax.lax.map(lambda row: row @ row, x), array(6, 5))
    assert looped == 6 * 5


def test_a_clip_of_the_released_network():
    net = SceneNet(10, backend="xla")
    variables = jax.eval_shape(net.init, jax.random.key(0), array(1, 160_000))
    counted = multiply_accumulates(net.apply, variables, array(1, 160_000))
    mel_filters = 313 * 513 * 128
    # the attention's 1x1 depthwise convolution, which is part of a normalisation here
    depthwise = 128 * 313 * 64
    assert round((counted - mel_filters + depthwise) / 1e6, 1) == 755.3


def test_a_product_has_its_scope_and_its_maps():
    def function(x, k):
        with jax.named_scope("outer"), jax.named_scope("inner"):
            return jnp.tanh(x) @ k

    (product,) = products(jax.jit(function), array(6, 5), array(5, 7))
    assert (product.scope, product.read, product.written) == ("outer/inner", 30, 42)
