"""QuantizeLinear / DequantizeLinear weights of ONNX models against the reference evaluator of the `onnx` package."""

import ml_dtypes
import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from packings import random_scales

from references import Case

REFERENCE = "onnx"


def dequantize(codes, scales, zeros, axis, block=0):
    inputs = {"x": codes, "scale": scales} | ({} if zeros is None else {"zero": zeros})
    node = helper.make_node("DequantizeLinear", list(inputs), ["y"], **({} if axis is None else {"axis": axis}),
                            **({"block_size": block} if block else {}))
    kinds = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
             for name, array in inputs.items()]
    graph = helper.make_graph([node], "g", kinds, [helper.make_tensor_value_info("y", TensorProto.FLOAT, codes.shape)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    return ReferenceEvaluator(model).run(None, inputs)[0]


def cases(rng):
    rows, columns = 21, 50
    with np.errstate(all="ignore"):
        yield from blocked(rng)
        for transposed in (False, True):
            shape, axis = ((columns, rows), 1) if transposed else ((rows, columns), 0)
            turn = "_transposed" * transposed
            scales, none = random_scales(rng, np.float32, rows), np.zeros(rows, dtype=np.int8)
            for kind, name in ((np.uint8, "nodes"), (np.int8, "nodes_signed")):
                low, high = np.iinfo(kind).min, np.iinfo(kind).max + 1
                codes, zeros = rng.integers(low, high, shape, dtype=kind), rng.integers(low, high, rows, dtype=kind)
                expected = turned(dequantize(codes, scales, zeros, axis), transposed)
                yield Case("uint_row", name + turn, {"weight": codes, "scales": scales, "zeros": zeros}, expected, "per axis")
                for scale, zero in ((0.02, low + 128), (1e-20, low), (3e38, high - 1)):
                    one, zero = np.array([scale], dtype=np.float32), np.array([zero], dtype=kind)
                    expected = turned(dequantize(codes, one.reshape(()), zero.reshape(()), None), transposed)
                    yield Case("uint_tensor", name + turn, {"weight": codes, "scales": one, "zeros": zero}, expected, "per tensor")
            one = np.array([0.03], dtype=np.float32)
            for scheme, scale, zeros, where in (("int8_row", scales, none, axis), ("int_tensor", one, none[:1], None)):
                flat = (scale, zeros) if where is not None else (scale.reshape(()), zeros.reshape(()))
                expected = turned(dequantize(codes, *flat, where), transposed)
                yield Case(scheme, "nodes" + turn, {"weight": codes, "scales": scale}, expected, "zero")
                yield Case(scheme, "nodes_zero" + turn, {"weight": codes, "scales": scale, "zeros": zeros}, expected, "zero")


def blocked(rng):
    rows, columns, group = 6, 96, 32
    for bits, signed, unsigned in ((8, np.int8, np.uint8), (4, ml_dtypes.int4, ml_dtypes.uint4)):
        for transposed in (False, True):
            shape, layout = (columns, rows) if transposed else (rows, columns), "qdq_blocked" + "_transposed" * transposed
            counts = (columns // group, rows) if transposed else (rows, columns // group)
            scales, raw = random_scales(rng, np.float32, counts), rng.integers(0, 1 << bits, shape, dtype=np.uint8)
            axis = 0 if transposed else 1
            numbers = raw.astype(np.int64) - (raw >> (bits - 1)).astype(np.int64) * (1 << bits)
            expected = dequantize(numbers.astype(signed), scales, np.zeros(counts, dtype=signed), axis, group)
            yield Case(f"int_g(bits={bits},group={group},float=32)", layout, {"weight": raw, "scales": scales},
                       turned(expected, transposed), f"int{bits} blocked")
            zeros = rng.integers(0, 1 << bits, counts, dtype=np.uint8)
            expected = dequantize(raw.astype(unsigned), scales, zeros.astype(unsigned), axis, group)
            yield Case(f"uint_g(bits={bits},group={group},float=32)", layout,
                       {"weight": raw, "scales": scales, "zero_point": zeros}, turned(expected, transposed), f"uint{bits} blocked")


def turned(weights, transposed):
    return np.ascontiguousarray(weights.T if transposed else weights).astype(np.float32)
