"""Maps [B, F, T, C] that are computed in chunks where they are needed, and not kept.

A training step on a CPU waits for memory more than for arithmetic: a map of one batch is larger than any cache. So the
layers only note what is to be computed. A pass then goes over the batch in chunks that fit the cache: each chunk runs
through all that was noted, in the backward pass anew, and only its result or the sums over it are written to memory.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

from asc_jax.net.channels import Moments, at_least_float32
from asc_jax.net.cpu.chunked import MapFunction, covariance, in_chunks
from asc_jax.net.cpu.convolution import pointwise


@dataclass(frozen=True)
class Deferred:
    """function(stored, parameters), a map [B, F, T, C] like `result`.

    What the function depends on must be in `stored` or `parameters`: it runs in a loop with a derivative of its own, in
    which an array of the traced function around it would be a leaked tracer.
    """

    stored: tuple[jax.Array, ...]
    result: jax.ShapeDtypeStruct
    function: MapFunction = lambda stored, parameters: stored[0]
    parameters: tuple = ()
    local: bool = True  # each position depends on that position of what is stored alone
    largest: int = 0  # elements of the largest intermediate map
    known_moments: Moments | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.result.shape

    @property
    def array(self) -> jax.Array:
        """The whole map at once."""
        return self.function(self.stored, self.parameters)

    def then(self, function: Callable[..., jax.Array], *parameters, local: bool = True) -> "Deferred":
        """function(this map, *parameters); `local` if it looks at no neighbours."""
        count = len(self.parameters)

        def composed(stored, parameters):
            return function(self.function(stored, parameters[:count]), *parameters[count:])

        return replace(
            self,
            result=jax.eval_shape(function, self.result, *parameters),
            function=composed,
            parameters=self.parameters + parameters,
            local=self.local and local,
            largest=max(self.largest, self.result.size),
            known_moments=None,
        )

    def times(self, kernel: jax.Array) -> "Deferred":
        """Stores this map and defers its product with a kernel [C, D], whose moments its channels' covariance gives."""
        x = self.store()
        mean, kernel32 = x.moments()[0], at_least_float32(kernel)
        var = ((covariance(x.stored[0], mean) @ kernel32) * kernel32).sum(0)
        return replace(x.then(_product, kernel), known_moments=(mean @ kernel32, jnp.maximum(var, 0)))

    def __add__(self, other: "jax.Array | Deferred") -> "Deferred":
        other = deferred(other)
        arrays, count = len(self.stored), len(self.parameters)

        def total(stored, parameters):
            left = self.function(stored[:arrays], parameters[:count])
            return left + other.function(stored[arrays:], parameters[count:])

        return Deferred(
            self.stored + other.stored,
            self.result,
            total,
            self.parameters + other.parameters,
            self.local and other.local,
            max(self.largest, other.largest),
        )

    __radd__ = __add__

    def moments(self) -> Moments:
        """Mean [C] and biased variance [C] over all axes but the last, at least float32."""
        return self.known_moments or self._computed(keep=False)[1:]

    def store(self) -> "Deferred":
        """This map kept in memory, with its moments: what is computed from it starts here."""
        if not self.parameters and self.known_moments:
            return self
        y, mean, var = self._computed(keep=True)
        return replace(deferred(y), known_moments=(mean, var))

    def _computed(self, keep: bool):
        return in_chunks(self.function, self.stored, self.parameters, self.result, self.largest, self.local, keep)


def deferred(x: "jax.Array | Deferred") -> Deferred:
    """A map that is in memory, as one that others are computed from."""
    return x if isinstance(x, Deferred) else Deferred((x,), jax.ShapeDtypeStruct(x.shape, x.dtype))


def _product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return pointwise(x, kernel.astype(x.dtype))
