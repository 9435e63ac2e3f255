"""A TensorFlow Lite file in 8-bit integers throughout, and the memory of its maps."""

import warnings
from types import ModuleType
from typing import Any

import flatbuffers
import numpy as np

from asc_jax.deploy.exporting.program import needed

IDENTIFIER = b"TFL3"
KEPT = 0.8  # of a map's range: steps are finer, and what lies outside, which is rare, is clipped


def in_integers(tf: ModuleType, function: Any, examples: np.ndarray, extra: str) -> bytes:
    """A tf.function of one clip, as a file with a scale for each map, from examples [M, ...] of its input, and for each
    channel of a kernel.

    Maps of several positions keep a share KEPT of their range over the examples: their largest numbers are about thrice
    as large as all but one in 10,000, and finer steps change fewer decisions.
    """
    concrete = function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], function)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([example[None]] for example in examples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_calibrate_only = True  # TensorFlow has no other way to choose the ranges
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected", UserWarning)
        content = _with_narrower_ranges(converter.convert(), extra)
    quantize = needed("tensorflow.lite.python.convert", extra).mlir_quantize
    return _with_integer_elu(quantize(content, input_data_type=tf.int8, output_data_type=tf.int8), extra)


def _with_narrower_ranges(content: bytes, extra: str) -> bytes:
    """Not of what has a single position, as the embedding: there the same few numbers are the largest in every clip."""
    model = _schema(extra).ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    for tensor in graph.tensors:
        found = tensor.quantization
        if found is not None and found.min is not None and np.prod(tensor.shape[1:-1]) > 1:
            found.min, found.max = ([KEPT * each for each in limit] for limit in (found.min, found.max))
    return _packed(model)


def _with_integer_elu(content: bytes, extra: str) -> bytes:
    """The converter leaves ELU in float32 between two conversions, though the runtimes have it in integers."""
    schema = _schema(extra)
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    kinds = [model.operatorCodes[each.opcodeIndex].builtinCode for each in graph.operators]
    for elu in [each for each, kind in zip(graph.operators, kinds, strict=True) if kind == schema.BuiltinOperator.ELU]:
        (before,) = (each for each in graph.operators if elu.inputs[0] in each.outputs)
        (after,) = (each for each in graph.operators if elu.outputs[0] in each.inputs)
        if graph.tensors[elu.inputs[0]].type == schema.TensorType.FLOAT32:
            elu.inputs, elu.outputs = before.inputs, after.outputs
            graph.operators = [each for each in graph.operators if each is not before and each is not after]
    _drop_unused_tensors(model, graph)
    return _packed(model)


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _drop_unused_tensors(model: Any, graph: Any) -> None:
    """TensorFlow Lite Micro would keep memory for them."""
    used = sorted({int(each) for operator in graph.operators for each in (*operator.inputs, *operator.outputs)} - {-1})
    place = {-1: -1} | {tensor: number for number, tensor in enumerate(used)}  # -1: an input that is left out
    graph.tensors = [graph.tensors[each] for each in used]
    for each in (graph, *graph.operators):
        each.inputs, each.outputs = ([place[int(tensor)] for tensor in some] for some in (each.inputs, each.outputs))
    for signature in model.signatureDefs or ():
        for each in (*signature.inputs, *signature.outputs):
            each.tensorIndex = place[each.tensorIndex]


def arena(content: bytes, extra: str) -> int:
    """The bytes that TensorFlow Lite Micro needs for such a file: for the maps, and for what it keeps of operations.

    For the maps these are exactly as many as must be there at the same time. The others are a little more than on five
    networks with a 64-bit processor: 235 an operation and 4 for each channel's scale.
    """
    (graph,) = _schema(extra).ModelT.InitFromPackedBuf(content, 0).subgraphs
    steps = list(enumerate(graph.operators))
    first = dict.fromkeys(graph.inputs, 0) | {tensor: step for step, each in steps for tensor in each.outputs}
    last = {tensor: step for step, each in steps for tensor in each.inputs} | dict.fromkeys(graph.outputs, len(steps))
    size = {tensor: int(np.prod(graph.tensors[tensor].shape)) for tensor in first}
    maps = max(sum(size[each] for each in first if first[each] <= step <= last[each]) for step, _ in steps)
    scales = sum(len(each.quantization.scale) for each in graph.tensors if each.quantization.scale is not None)
    return maps + 300 * len(steps) + 5 * scales + 1024


def _schema(extra: str) -> ModuleType:
    return needed("ai_edge_litert.schema_py_generated", extra)
