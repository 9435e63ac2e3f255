"""Strictness for every test: rank promotion raises, matrix products run at full precision."""

import jax

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_default_matmul_precision", "highest")
