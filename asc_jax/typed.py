"""Paths and decorators for the type checker: those of functools and JAX hide the signature of what they decorate."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast

import jax
from etils import epath

P = ParamSpec("P")
R = TypeVar("R")
Result = TypeVar("Result", covariant=True)

AnyPath = Path | epath.Path  # on a disk, or in a bucket (gs://...)


class Jitted(Protocol[P, Result]):
    """What `jax.jit` returns."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result: ...

    def lower(self, *args: P.args, **kwargs: P.kwargs) -> jax.stages.Lowered: ...


class CustomVjp(Protocol[P, Result]):
    """What `jax.custom_vjp` returns."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result: ...

    def defvjp(self, fwd: Callable[..., tuple], bwd: Callable[..., tuple]) -> None: ...


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """`functools.cache`."""
    return cast(Callable[P, R], functools.cache(function))


def jitted(function: Callable[P, R], **options: Any) -> Jitted[P, R]:
    """`jax.jit`."""
    return jax.jit(function, **options)


def custom_vjp(nondiff_argnums: tuple[int, ...] = ()) -> Callable[[Callable[P, R]], CustomVjp[P, R]]:
    """`jax.custom_vjp`, as @custom_vjp() or with the numbers of arguments that have no derivative."""

    def decorate(function: Callable[P, R]) -> CustomVjp[P, R]:
        return cast(CustomVjp[P, R], jax.custom_vjp(function, nondiff_argnums=nondiff_argnums))

    return decorate
