"""QuantizeLinear / DequantizeLinear weights of ONNX models against the reference evaluator of the `onnx` package."""

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from packings import random_scales

from references import Case

REFERENCE = "onnx"


def dequantize(codes, scales, zeros, axis):
    inputs = {"x": codes, "scale": scales} | ({} if zeros is None else {"zero": zeros})
    node = helper.make_node("DequantizeLinear", list(inputs), ["y"], **({} if axis is None else {"axis": axis}))
    kinds = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
             for name, array in inputs.items()]
    graph = helper.make_graph([node], "g", kinds, [helper.make_tensor_value_info("y", TensorProto.FLOAT, codes.shape)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    return ReferenceEvaluator(model).run(None, inputs)[0]


def cases(rng):
    rows, columns = 21, 50
    with np.errstate(all="ignore"):
        for transposed in (False, True):
            shape, axis = ((columns, rows), 1) if transposed else ((rows, columns), 0)
            layout = "qdq_transposed" if transposed else "qdq"
            scales, signed = random_scales(rng, np.float32, rows), rng.integers(-128, 128, shape, dtype=np.int8)
            expected = dequantize(signed, scales, np.zeros(rows, dtype=np.int8), axis)
            yield Case("int8_row", layout, {"weight": signed, "scales": scales}, turned(expected, transposed), "int8 per axis")
            codes, zeros = rng.integers(0, 256, shape, dtype=np.uint8), rng.integers(0, 256, rows, dtype=np.uint8)
            expected = dequantize(codes, scales, zeros, axis)
            yield Case("uint_row", layout, {"weight": codes, "scales": scales, "zero_point": zeros},
                       turned(expected, transposed), "uint8 per axis")
            for scale, zero in ((0.02, 128), (1e-20, 0), (3e38, 255)):
                one, zero = np.array([scale], dtype=np.float32), np.array([zero], dtype=np.uint8)
                expected = dequantize(codes, one.reshape(()), zero.reshape(()), None)
                yield Case("uint_tensor", layout, {"weight": codes, "scales": one, "zero_point": zero},
                           turned(expected, transposed), "uint8 per tensor")


def turned(weights, transposed):
    return np.ascontiguousarray(weights.T if transposed else weights).astype(np.float32)
