"""How many multiply-accumulates a function takes, and where."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jax


@dataclass(frozen=True)
class Product:
    """A convolution or matrix product, the scope that it is traced in, and the elements that it reads and writes."""

    scope: str
    multiply_accumulates: int
    read: int
    written: int


def multiply_accumulates(function: Callable, *inputs) -> int:
    """Those of all convolutions and matrix products, padding counted; inputs may be jax.ShapeDtypeStruct.

    Of a network take XLA's kernels: the shifted products of a CPU's count as elementwise arithmetic.
    """
    return sum(product.multiply_accumulates for product in products(function, *inputs))


def products(function: Callable, *inputs) -> list[Product]:
    """All convolutions and matrix products of a call, in order; one in a loop is listed once, for all iterations."""
    traced = jax.make_jaxpr(function)(*inputs)
    return list(_products(traced.jaxpr, "", 1))


def _products(jaxpr, scope: str, times: int) -> Iterator[Product]:
    for equation in jaxpr.eqns:
        inner = f"{scope}/{equation.source_info.name_stack}".strip("/")
        if count := _of_equation(equation):
            read, written = equation.invars[0].aval.size, equation.outvars[0].aval.size
            yield Product(inner, times * count, read, written)
        for value in equation.params.values():
            within = getattr(value, "jaxpr", value)
            if hasattr(within, "eqns"):
                yield from _products(within, inner, times * equation.params.get("length", 1))


def _of_equation(equation) -> int:
    name, parameters = equation.primitive.name, equation.params
    if name == "dot_general":
        (contracted, _), _ = parameters["dimension_numbers"]
        depth = math.prod(equation.invars[0].aval.shape[axis] for axis in contracted)
        return equation.outvars[0].aval.size * depth
    if name == "conv_general_dilated":
        kernel = equation.invars[1].aval
        out_channels = kernel.shape[parameters["dimension_numbers"].rhs_spec[0]]
        return equation.outvars[0].aval.size * kernel.size // out_channels
    return 0
