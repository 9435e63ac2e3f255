import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict

from asc_jax.deploy.released import from_released, released_name, to_released
from asc_jax.errors import UserError
from asc_jax.net.scenenet import SceneNet


@pytest.fixture(scope="module")
def variables():
    """Numbers that are all different, in the shapes of a network for clips of one second."""
    shapes = flatten_dict(jax.eval_shape(SceneNet(3).init, jax.random.key(0), jnp.zeros((1, 16_000))))
    random = np.random.default_rng(0)
    return unflatten_dict({path: random.random(leaf.shape, np.float32) for path, leaf in shapes.items()})


def test_every_kind_of_tensor_has_its_released_name():
    named = {
        "params/wavegram/filter/bias": "wavegram.dwconv.bias",
        "params/wavegram/spread_norm/scale": "wavegram.pwconv_normalization.weight",
        "params/attention/separable_64/depthwise/kernel": "heatmap.3.dwconv.weight",
        "batch_stats/attention/norm_16/var": "heatmap.1.running_var",
        "params/attention/projection/depthwise_kernel": "heatmap.6.dwconv.weight",
        "params/trunk/stem_norm/slope": "classifier.conv1.prelu.weight",
        "batch_stats/trunk/embedding_norm/mean": "classifier.linear1.bn.running_mean",
        "params/trunk/bottleneck_3/depthwise_norm/slope": "classifier.blocks.3.conv.5.weight",
        "params/trunk/bottleneck_0/project_norm/bias": "classifier.blocks.0.conv.7.bias",
        "params/head/directions": "arcface.weight",
    }
    assert {ours: released_name(tuple(ours.split("/"))) for ours in named} == named


def test_layouts_are_pytorchs(variables):
    released, params = to_released(variables), variables["params"]
    assert released["wavegram.dwconv.weight"].shape == (1, 1, 1024)
    assert released["wavegram.pwconv.weight"].shape == (128, 1, 1)
    assert released["heatmap.6.dwconv.weight"].shape == (64, 1, 1, 1)
    assert released["classifier.linear7.conv.weight"].shape == (512, 1, 8, 2)
    stem, depthwise = params["trunk"]["stem"]["kernel"], params["trunk"]["depthwise"]["kernel"]
    expand = params["trunk"]["bottleneck_0"]["expand"]["kernel"]
    assert released["classifier.conv1.conv.weight"][5, 1, 2, 0] == stem[2, 0, 1, 5]
    assert released["classifier.dw_conv1.conv.weight"][5, 0, 2, 1] == depthwise[2, 1, 5]
    assert released["classifier.blocks.0.conv.0.weight"][100, 7, 0, 0] == expand[7, 100]


def test_there_and_back_is_the_same(variables):
    unused = {"transform_tf.0.mel_scale.fb": np.zeros((513, 128)), "heatmap.1.num_batches_tracked": np.zeros(())}
    back = from_released(to_released(variables) | unused, variables)
    jax.tree.map(np.testing.assert_array_equal, back, variables)


def test_every_wrong_tensor_is_named(variables):
    tensors = to_released(variables)
    del tensors["arcface.weight"]
    tensors |= {"heatmap.9.weight": np.zeros(3), "classifier.conv1.bn.bias": np.zeros(63)}
    with pytest.raises(UserError) as error:
        from_released(tensors, variables)
    assert str(error.value).split("; ") == [
        "arcface.weight is missing",
        "classifier.conv1.bn.bias has the shape (63,), not (64,)",
        "heatmap.9.weight is not known",
    ]
