"""ONNX and TFLite models in the forms in which exporters and quantizers write them, against numpy.

graphs.py RESULTS BUILD QCC [GROUP ..]; a group is a function below whose name begins with check_. Matrices are square
where it matters: then only the graph says which way they lie.
"""

import pathlib
import sys

import ml_dtypes as ml
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tflite_model
from corpus import Corpus
from tflite import BuiltinOperator as Op

FOLDER = pathlib.Path(sys.argv[2]) / "graphs"
corpus = Corpus(sys.argv[3], FOLDER, sys.argv[1])
RNG = np.random.default_rng(5)
N = K = 32


def codes(low, high, *shape):
    return RNG.integers(low, high + 1, shape).astype(np.int64)


def steps(*shape):
    return (RNG.random(shape) * 0.1 + 0.01).astype(np.float32)


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


# ---- ONNX ----


def proto(name, array, kind=None):
    if kind is None:
        return numpy_helper.from_array(np.asarray(array), name)
    return helper.make_tensor(name, kind, array.shape, array.reshape(-1).tolist())


def save(nodes, tensors):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", None])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", None])], tensors)
    sets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=10), FOLDER / "m.onnx")
    return "m.onnx"


def node(op, inputs, **attributes):
    domain = "com.microsoft" if op.startswith("MatMulN") or op == "DynamicQuantizeMatMul" else ""
    return helper.make_node(op, inputs, attributes.pop("outputs", ["y"]), domain=domain, **attributes)


def dequantize(*inputs, **attributes):
    return node("DequantizeLinear", list(inputs), outputs=["d"], **attributes)


PRODUCT = node("MatMul", ["x", "d"])


def opens(format, file, nodes, tensors, layer, expected, **more):
    corpus.opens("ONNX", format, file, save(nodes, tensors), layer, np.asarray(expected, np.float64), "numpy", **more)


def refuses(format, file, nodes, tensors, layer, message, columns=K, **more):
    corpus.refuses("ONNX", format, file, save(nodes, tensors), layer, columns, message, **more)


def check_onnx_floats():
    w = floats(K, N)
    opens("f32", "MatMul, square", [PRODUCT], [proto("d", w)], "d", w.T)
    opens("f32", "Gemm", [node("Gemm", ["x", "d"])], [proto("d", w)], "d", w.T)
    opens("f32", "Gemm, transB = 1", [node("Gemm", ["x", "d"], transB=1)], [proto("d", w)], "d", w)
    turned = [node("Transpose", ["d"], outputs=["t"], perm=[1, 0]), node("MatMul", ["x", "t"])]
    opens("f32", "Transpose, MatMul", turned, [proto("d", w)], "d", w)
    half = w.astype(np.float16)
    cast = [node("Cast", ["d"], outputs=["t"], to=1), node("MatMul", ["x", "t"])]
    opens("f16", "Cast, MatMul", cast, [proto("d", half)], "d", half.T)
    double = RNG.standard_normal((K, N))
    opens("f64 of f32 numbers", "Cast, MatMul", cast, [proto("d", w.astype(np.float64))], "d", w.T)
    if "are rounded; the first is" not in corpus.call("inspect", save(cast, [proto("d", double)]))[1]:
        corpus.fail("f64", "the rounding is not named")
    wide = floats(48, N)
    opens("f32", "MatMul, 48 inputs", [PRODUCT], [proto("d", wide)], "d", wide.T)
    looked = [node("Gather", ["d", "i"], outputs=["e"]), node("MatMul", ["e", "z"])]
    opens("f32", "table of a Gather", looked, [proto("d", w)], "d", w)
    both = [node("MatMul", ["x", "d"], outputs=["z"]), node("Gemm", ["z", "d"], transB=1)]
    refuses("f32", "square, read both ways", both, [proto("d", w)], "d", "layout = nodes_transposed", converts=False)
    refuses("f32", "square, read by nothing", [], [proto("d", w)], "d", "layout = nodes_transposed", converts=False)
    opens("f32", "square, read by nothing", [], [proto("d", w)], "d", w.T, rule="f32_nodes, layout = nodes_transposed")


def check_onnx_qdq():
    w, s = codes(-128, 127, K, N).astype(np.int8), steps(N)
    z, u, uz = codes(-9, 9, N).astype(np.int8), w.view(np.uint8), codes(100, 140, N).astype(np.uint8)
    columns = [dequantize("w", "s", axis=1), PRODUCT]
    opens("QDQ int8, per channel", "MatMul", columns, [proto("w", w), proto("s", s)], "w", (w * s.astype(float)).T)
    opens("QDQ int8, per tensor", "MatMul", [dequantize("w", "s"), PRODUCT], [proto("w", w), proto("s", s[0])], "w",
          (w * float(s[0])).T)
    rows = [dequantize("w", "s", axis=0), node("Gemm", ["x", "d"], transB=1)]
    opens("QDQ int8, per channel", "Gemm, transB = 1", rows, [proto("w", w), proto("s", s)], "w",
          w * s.astype(float)[:, None])
    zeros = [dequantize("w", "s", "z", axis=1), PRODUCT]
    opens("QDQ int8, per channel, zero points", "MatMul", zeros, [proto("w", w), proto("s", s), proto("z", z)], "w",
          ((w - z.astype(float)) * s).T)
    opens("QDQ uint8, per channel, zero points", "MatMul", zeros, [proto("w", u), proto("s", s), proto("z", uz)], "w",
          ((u - uz.astype(float)) * s).T)
    opens("QDQ uint8, per channel", "MatMul", columns, [proto("w", u), proto("s", s)], "w", (u * s.astype(float)).T)
    inputs = [dequantize("w", "s", axis=0), PRODUCT]
    refuses("QDQ int8, scales of the inputs", "MatMul", inputs, [proto("w", w), proto("s", s)], "w", "'w.scale'")
    twice = [dequantize("w", "s", axis=1), node("DequantizeLinear", ["w", "t"], outputs=["e"]), PRODUCT]
    refuses("QDQ int8", "read with two sets of scales", twice, [proto("w", w), proto("s", s), proto("t", s[0])], "w",
            "'w.scale'")


def check_onnx_four_bits():
    w, s = codes(-8, 7, K, N), steps(N)
    columns = [dequantize("w", "s", axis=1), PRODUCT]
    opens("QDQ int4, per channel", "MatMul", columns, [proto("w", w, TensorProto.INT4), proto("s", s)], "w",
          (w * s.astype(float)).T)
    z = codes(4, 12, N)
    zeros = [dequantize("w", "s", "z", axis=1), PRODUCT]
    opens("QDQ uint4, per channel, zero points", "MatMul", zeros,
          [proto("w", w + 8, TensorProto.UINT4), proto("s", s), proto("z", z, TensorProto.UINT4)], "w",
          ((w + 8 - z) * s.astype(float)).T)
    for columns in (128, 100):  # the last block of 32 is short
        w, s = codes(-8, 7, columns, N), steps(4, N)
        spread = np.repeat(s, 32, 0)[:columns].astype(float)
        blocked = [dequantize("w", "s", axis=0, block_size=32), PRODUCT]
        opens("QDQ int4, blocks of 32", f"MatMul, {columns} inputs", blocked,
              [proto("w", w, TensorProto.INT4), proto("s", s)], "w", (w * spread).T)
    z = codes(-3, 3, 4, N)
    blocked = [dequantize("w", "s", "z", axis=0, block_size=32), PRODUCT]
    opens("QDQ int4, blocks of 32, zero points", f"MatMul, {columns} inputs", blocked,
          [proto("w", w, TensorProto.INT4), proto("s", s), proto("z", z, TensorProto.INT4)], "w",
          ((w - np.repeat(z, 32, 0)[:columns]) * spread).T)


def check_onnx_byte_floats():
    s = steps(N)
    for dtype, name in ((ml.float8_e4m3fn, "FLOAT8E4M3FN"), (ml.float8_e5m2, "FLOAT8E5M2")):
        w = floats(K, N).astype(dtype)
        zeros = [dequantize("w", "s", "z", axis=1), PRODUCT]
        tensors = [proto("w", w), proto("s", s), proto("z", np.zeros(N, dtype))]
        opens(f"QDQ {name}, per channel", "MatMul, zero point 0", zeros, tensors, "w", (w.astype(float) * s).T)
        opens(f"QDQ {name}, per tensor", "MatMul", [dequantize("w", "s"), PRODUCT],
              [proto("w", w), proto("s", s[0])], "w", (w.astype(float) * float(s[0])).T)
    for dtype, name in ((ml.float8_e4m3fnuz, "FLOAT8E4M3FNUZ"), (ml.float8_e5m2fnuz, "FLOAT8E5M2FNUZ")):
        w = floats(K, N).astype(dtype)
        refuses(f"QDQ {name}, per channel", "MatMul", [dequantize("w", "s", axis=1), PRODUCT],
                [proto("w", w), proto("s", s)], "w", "'w.scale'")


def unpack(packed, bits, count):
    """Codes of the last dimension, the lowest bits first."""
    planes = np.unpackbits(packed, axis=-1, bitorder="little")[..., : count * bits]
    return (planes.reshape(*packed.shape[:-1], count, bits) << np.arange(bits)).sum(-1).astype(float)


def check_onnx_matmul_nbits():
    for bits, columns, block in ((2, 128, 32), (4, 128, 32), (4, 500, 128), (8, 100, 32)):
        blocks = -(-columns // block)
        b = codes(0, 255, N, blocks, block * bits // 8).astype(np.uint8)
        zp = codes(0, 255, N, -(-blocks * bits // 8)).astype(np.uint8)
        s, zf = steps(N, blocks), steps(N, blocks) * 50
        sizes = dict(K=columns, N=N, bits=bits, block_size=block)
        for name, zero, tensor in (("", np.full((N, blocks), 2.0 ** (bits - 1)), None),
                                   (", packed zero points", unpack(zp, bits, blocks), zp),
                                   (", float zero points", zf.astype(float), zf)):
            inputs = ["x", "b", "s"] + ([] if tensor is None else ["z"])
            tensors = [proto("b", b), proto("s", s)] + ([] if tensor is None else [proto("z", tensor)])
            w = ((unpack(b, bits, block) - zero[:, :, None]) * s[:, :, None]).reshape(N, -1)[:, :columns]
            opens(f"MatMulNBits, {bits} bits, blocks of {block}{name}", f"scales F32, {columns} inputs",
                  [node("MatMulNBits", inputs, **sizes)], tensors, "b", w)
    half = s.astype(np.float16)
    w = ((unpack(b, bits, block) - 128) * half.astype(float)[:, :, None]).reshape(N, -1)[:, :columns]
    opens(f"MatMulNBits, {bits} bits, blocks of {block}", f"scales F16, {columns} inputs",
          [node("MatMulNBits", ["x", "b", "s"], **sizes)], [proto("b", b), proto("s", half)], "b", w)


def check_onnx_groups_in_order():
    """The group of each column in an input of its own."""
    b, s = codes(0, 255, N, 4, 16).astype(np.uint8), steps(N, 4)
    g = RNG.permutation(np.arange(128) // 32).astype(np.int32)
    w = (unpack(b, 4, 32).reshape(N, 128) - 8) * s.astype(float)[:, g]
    sizes = dict(K=128, N=N, bits=4, block_size=32)
    nodes = [node("MatMulNBits", ["x", "b", "s", "", "g"], **sizes)]
    tensors = [proto("b", b), proto("s", s), proto("g", g)]
    opens("MatMulNBits, 4 bits, g_idx", "scales F32", nodes, tensors, "b", w, converts=False)
    refuses("MatMulNBits, 4 bits, g_idx", "scales F32", nodes, tensors, "b", "which the layout 'matmul_nbits' of",
            columns=128, rule="int_g(bits = 4, group = 32, float = 32), layout = matmul_nbits")


def check_onnx_integer_products():
    w, s = codes(-128, 127, K, N).astype(np.int8), steps(N)
    opens("DynamicQuantizeMatMul", "int8, per channel", [node("DynamicQuantizeMatMul", ["x", "w", "s"])],
          [proto("w", w), proto("s", s)], "w", (w * s.astype(float)).T)
    linear = [node("QLinearMatMul", ["x", "xs", "xz", "w", "s", "z", "ys", "yz"])]
    opens("QLinearMatMul", "int8, per tensor", linear,
          [proto("w", w), proto("s", s[0]), proto("z", np.int8(0))], "w", (w * float(s[0])).T)
    refuses("MatMulInteger", "int8, scales elsewhere", [node("MatMulInteger", ["x", "w"])], [proto("w", w)], "w",
            "neither float weights nor quantized blocks")
    kernel = codes(-128, 127, N, K, 1, 1).astype(np.int8)
    convolution = [dequantize("w", "s", axis=0), node("Conv", ["x", "d"])]
    opens("QDQ int8, per channel", "Conv, 1 x 1", convolution, [proto("w", kernel), proto("s", s)], "w",
          kernel.reshape(N, K) * s.astype(float)[:, None])
    wide = codes(-128, 127, N, 8, 2, 2).astype(np.int8)
    refuses("QDQ int8, per channel", "Conv, 2 x 2", convolution, [proto("w", wide), proto("s", s)], "w", "'w.scale'")


# ---- TFLite ----


def opens_tflite(format, file, constants, operators, layer, expected, **more):
    tflite_model.save(FOLDER / "m.tflite", constants, operators)
    corpus.opens("TensorFlow Lite", format, file, "m.tflite", layer, np.asarray(expected, np.float64), "numpy", **more)


def refuses_tflite(format, file, constants, operators, layer, message, **more):
    tflite_model.save(FOLDER / "m.tflite", constants, operators)
    corpus.refuses("TensorFlow Lite", format, file, "m.tflite", layer, K, message, **more)


DENSE = (Op.FULLY_CONNECTED, ["x", "w"], "y", {})
BATCH = (Op.BATCH_MATMUL, ["x", "w"], "y", {})


def check_tflite():
    w, s, z = codes(-128, 127, N, K).astype(np.int8), steps(N), np.zeros(N, np.int64)
    some = codes(-9, 9, N)
    opens_tflite("int8, per channel", "FULLY_CONNECTED", {"w": (w, s, z, 0)}, [DENSE], "w", w * s.astype(float)[:, None])
    opens_tflite("int8, per channel, zero points", "FULLY_CONNECTED", {"w": (w, s, some, 0)}, [DENSE], "w",
                 (w - some[:, None]) * s.astype(float)[:, None])
    opens_tflite("int8, per tensor", "FULLY_CONNECTED", {"w": (w, s[0], 0, 0)}, [DENSE], "w", w * float(s[0]))
    opens_tflite("int8, per channel", "BATCH_MATMUL, dimension 1", {"w": (w, s, z, 1)}, [BATCH], "w",
                 (w * s.astype(float)).T)
    opens_tflite("int8, per tensor", "BATCH_MATMUL", {"w": (w, s[0], 0, 0)}, [BATCH], "w", (w * float(s[0])).T)
    turned = [(Op.BATCH_MATMUL, ["x", "w"], "y", {"adj_y": True})]
    opens_tflite("int8, per tensor", "BATCH_MATMUL, adj_y", {"w": (w, s[0], 0, 0)}, turned, "w", w * float(s[0]))
    refuses_tflite("int8, scales of the inputs", "FULLY_CONNECTED, dimension 1", {"w": (w, s, z, 1)}, [DENSE], "w",
                   "'w.scale'")
    u = w.view(np.uint8)
    opens_tflite("uint8, per tensor", "FULLY_CONNECTED", {"w": (u, s[0], 131, 0)}, [DENSE], "w",
                 (u - 131.0) * float(s[0]))
    four = codes(-8, 7, N, K).astype(ml.int4)
    opens_tflite("int4, per channel", "FULLY_CONNECTED", {"w": (four, s, z, 0)}, [DENSE], "w",
                 four.astype(float) * s.astype(float)[:, None])
    opens_tflite("int4, per tensor", "FULLY_CONNECTED", {"w": (four, s[0], 0, 0)}, [DENSE], "w",
                 four.astype(float) * float(s[0]))


def check_tflite_floats():
    w = floats(N, K)
    opens_tflite("f32", "FULLY_CONNECTED", {"w": w}, [DENSE], "w", w)
    opens_tflite("f32", "BATCH_MATMUL", {"w": w}, [BATCH], "w", w.T)
    half = w.astype(np.float16)
    widened = [(Op.DEQUANTIZE, ["w"], "d", {}), (Op.FULLY_CONNECTED, ["x", "d"], "y", {})]
    opens_tflite("f16", "DEQUANTIZE, FULLY_CONNECTED", {"w": half}, widened, "w", half)
    refuses_tflite("f32", "square, read by nothing", {"w": w}, [], "w", "layout = nodes_transposed", converts=False)
    shuffled = [(Op.FULLY_CONNECTED, ["x", "w"], "y", {"weights_format": 1})]
    tflite_model.save(FOLDER / "m.tflite", {"w": w}, shuffled)
    weights, said = corpus.run("m.tflite", "w", K, "")
    if weights is not None or "are stored shuffled" not in said:
        corpus.fail("shuffled weights", said)


def main():
    for name, group in [(n, f) for n, f in globals().items() if n.startswith("check_")]:
        if len(sys.argv) <= 4 or name.removeprefix("check_") in sys.argv[4:]:
            group()
    return corpus.finish()


sys.exit(main())
