"""A decorator for the type checker: that of functools hides the signature of what it decorates."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """`functools.cache`."""
    return cast(Callable[P, R], functools.cache(function))
