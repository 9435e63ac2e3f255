"""How many multiply-accumulates a function takes."""

import math

import jax

from asc_jax.net.backend import written_by_hand


def multiply_accumulates(function, *inputs) -> int:
    """Those of all convolutions and matrix products, padding counted; inputs may be jax.ShapeDtypeStruct."""
    with written_by_hand(False):  # shifted products would count as elementwise arithmetic
        return _count(jax.make_jaxpr(lambda *inputs: function(*inputs))(*inputs).jaxpr)  # a new function is traced anew


def _count(jaxpr) -> int:
    return sum(_of_equation(each) for each in jaxpr.eqns)


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
    inner = [getattr(value, "jaxpr", value) for value in parameters.values()]
    return parameters.get("length", 1) * sum(_count(each) for each in inner if hasattr(each, "eqns"))
