import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_jax.net.arcface import ArcFace, margin_logits


@settings(max_examples=30)
@given(st.floats(0, np.pi), st.integers(0, 4))
def test_the_true_scenes_angle_grows_by_the_margin(angle, label):
    cosine = np.full((1, 5), 0.3)
    cosine[0, label] = np.cos(angle)
    logits = margin_logits(jnp.asarray(cosine, jnp.float32), jnp.array([label]))
    expected = 8 * cosine
    turned = np.cos(angle) > np.cos(np.pi - 0.2)
    expected[0, label] = 8 * (np.cos(angle + 0.2) if turned else np.cos(angle) - 0.2 * np.sin(np.pi - 0.2))
    # the sine's floor, sqrt(1e-7), times sin(0.2) and the scale; at the turn either formula may hold
    if abs(angle - (np.pi - 0.2)) > 1e-3:
        np.testing.assert_allclose(logits, expected, atol=8 * np.sqrt(1e-7) * np.sin(0.2) + 1e-5)


def test_gradient_is_finite_where_the_cosine_is_one():
    cosine = jnp.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [1.0, 1.0, -1.0]])
    gradient = jax.grad(lambda c: margin_logits(c, jnp.array([0, 0, 2])).sum())(cosine)
    assert np.isfinite(gradient).all()


def test_cosine_ignores_lengths_and_survives_a_zero_embedding():
    head = ArcFace(3)
    variables = {"params": {"directions": jnp.array([[2.0, 0], [0, 5.0], [-1.0, -1.0]])}}
    np.testing.assert_allclose(
        head.apply(variables, jnp.array([[3.0, 4.0], [0.0, 0.0]])),
        [[0.6, 0.8, -1.4 / np.sqrt(2)], [0, 0, 0]],
        atol=1e-6,
    )
    gradient = jax.grad(lambda x: head.apply(variables, x).sum())(jnp.zeros((1, 2)))
    assert np.isfinite(gradient).all()
