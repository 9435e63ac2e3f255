"""Acoustic scene classification in JAX: semi-supervised, under domain shift."""
