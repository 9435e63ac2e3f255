"""Acoustic scene classification in JAX: semi-supervised, under domain shift."""


def load(run: str):
    """A trained network, `asc_jax.deploy.classifier.Classifier`: model(waveform, rate).scene."""
    from asc_jax.deploy.classifier import load

    return load(run)
