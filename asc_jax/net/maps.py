"""Maps [B, F, T, C] that are computed where they are needed, and forgotten.

A training step on a CPU waits for memory more than for arithmetic: a map of one batch is larger than any cache. So the
layers only note what is to be computed. A pass then goes over the batch in parts that fit the cache: each part runs
through all that was noted, in the backward pass anew, and only its result or the sums over it are written to memory.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp

from asc_jax.net.backend import by_hand
from asc_jax.net.channels import moments, wide
from asc_jax.net.convolution import pointwise
from asc_jax.net.parts import OfMap, covariance, in_parts


@dataclass(frozen=True)
class Map:
    """What `function(stored, parameters)` gives: [B, F, T, C], or any [B, ..., C] where nothing is deferred."""

    stored: tuple[jax.Array, ...]
    function: OfMap = lambda stored, parameters: stored[0]
    parameters: tuple = ()
    by_position: bool = True  # each position depends on what is stored of that position alone
    result: jax.ShapeDtypeStruct | None = None  # what it is like, where it is deferred
    largest: int = 0  # elements of the largest map on the way
    known: tuple[jax.Array, jax.Array] | None = None  # moments

    @property
    def value(self) -> jax.Array:
        """All of it at once."""
        return self.function(self.stored, self.parameters)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.result.shape if self.result else self.value.shape

    def then(self, function: Callable[..., jax.Array], *parameters, by_position: bool = True) -> "Map":
        """function(this map, *parameters); `by_position` if it looks at no neighbours."""
        if not self.result:
            return Map((function(self.value, *parameters),))
        count = len(self.parameters)

        def both(stored, parameters):
            return function(self.function(stored, parameters[:count]), *parameters[count:])

        return replace(
            self,
            function=both,
            parameters=self.parameters + parameters,
            by_position=self.by_position and by_position,
            result=jax.eval_shape(function, self.result, *parameters),
            largest=max(self.largest, self.result.size),
            known=None,
        )

    def times(self, kernel: jax.Array) -> "Map":
        """The product with a kernel [C, D]; where that widens a stored map, its moments come from the covariance."""
        y = self.then(_product, kernel)
        if not self.known or self.parameters or len(kernel) >= kernel.shape[1]:  # else `known` is of stored[0]
            return y
        mean, kernel = self.known[0], wide(kernel)
        var = ((covariance(self.stored[0], mean) @ kernel) * kernel).sum(0)
        return replace(y, known=(mean @ kernel, jnp.maximum(var, 0)))

    def plus(self, other: "Map") -> "Map":
        """The sum of two maps of one shape."""
        if not self.result:
            return Map((self.value + other.value,))
        arrays, count = len(self.stored), len(self.parameters)

        def both(stored, parameters):
            ours = self.function(stored[:arrays], parameters[:count])
            return ours + other.function(stored[arrays:], parameters[count:])

        return Map(
            self.stored + other.stored,
            both,
            self.parameters + other.parameters,
            self.by_position and other.by_position,
            self.result,
            max(self.largest, other.largest),
        )

    def moments(self) -> tuple[jax.Array, jax.Array]:
        """Mean [C] and biased variance [C] over all axes but the last, at least float32."""
        if not self.result:
            return moments(self.value)
        return self.known or self._computed(self.result, keep=False)[1:]

    def store(self) -> "Map":
        """This map kept in memory: what is computed from it starts here."""
        if not self.result:
            return self
        y, mean, var = self._computed(self.result, keep=True)
        return replace(_stored(y), known=(mean, var))

    def _computed(self, result: jax.ShapeDtypeStruct, keep: bool) -> tuple[Any, jax.Array, jax.Array]:
        return in_parts(self.function, self.stored, self.parameters, result, self.largest, self.by_position, keep)


def later(x: jax.Array, train: bool) -> Map:
    """The map x [B, F, T, C]; what follows is deferred where that is faster: in training, on a CPU."""
    return _stored(x) if train and by_hand() else Map((x,))


def _stored(x: jax.Array) -> Map:
    return Map((x,), result=jax.ShapeDtypeStruct(x.shape, x.dtype))


def _product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return pointwise(x, kernel.astype(x.dtype))
