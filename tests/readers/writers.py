"""Reads files of other writers and compares names, types, shapes, bytes and metadata with what the writers say.

writers.py BUILD TENSOR_DUMP QCC [GROUP ..]; a group is a function below whose name begins with check_. Without a compiler
QCC is "-", and no model is run.
"""

import json
import os
import pathlib
import subprocess
import sys

import flatbuffers
import gguf
import numpy as np
import onnx
import safetensors
import safetensors.numpy
import tflite
from onnx import TensorProto, helper, numpy_helper

BUILD = pathlib.Path(sys.argv[1]) / "files"
DUMP = sys.argv[2]
QCC = None if sys.argv[3] == "-" else sys.argv[3]
SHARED = pathlib.Path(os.environ.get("QCC_SHARED") or pathlib.Path(__file__).parents[2] / ".." / "shared") / "models"
RNG = np.random.default_rng(7)
counts = {"files": 0, "tensors": 0, "runs": 0}

NAMES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
    "uint64": "U64", "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
    "complex64": "C64", "complex128": "C128", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "float8_e8m0fnu": "F8_E8M0", "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float6_e2m3fn": "F6_E2M3", "float6_e3m2fn": "F6_E3M2", "float4_e2m1fn": "F4", "uint4": "U4", "int4": "I4",
    "uint2": "U2", "int2": "I2",
}


class Seen:
    """What tensor_dump says of a file."""

    def __init__(self, path):
        folder = BUILD / "dump"
        subprocess.run([DUMP, str(path), str(folder)], check=True)
        index = json.loads((folder / "index.json").read_text())
        self.kind, self.meta, self.parts = index["kind"], index["meta"], index["parts"]
        self.order = [t["name"] for t in index["tensors"]]
        self.tensors = {t["name"]: t for t in index["tensors"]}
        for i, t in enumerate(index["tensors"]):
            t["data"] = (folder / str(i)).read_bytes()
        counts["files"] += 1

    def expect(self, name, dtype, shape, data):
        t = self.tensors[name]
        assert t["dtype"] == dtype, (name, t["dtype"], dtype)
        assert t["shape"] == list(shape), (name, t["shape"], shape)
        assert t["data"] == data, (name, t["data"][:16], data[:16], len(t["data"]), len(data))
        counts["tensors"] += 1


def random_array(dtype, shape):
    """Any bits but those that are no value of the type."""
    dtype = np.dtype(dtype)
    if dtype == np.bool_:
        return RNG.integers(0, 2, shape).astype(bool)
    return np.frombuffer(RNG.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)


NUMPY_TYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32",
               "float64"]
SHAPES = [(3, 5), (1,), (), (0, 4), (2, 3, 1, 2)]


def check_npy():
    for i, dtype in enumerate(NUMPY_TYPES):
        a = random_array(dtype, SHAPES[i % len(SHAPES)])
        np.save(BUILD / "a.npy", a)
        Seen(BUILD / "a.npy").expect("a", NAMES[dtype], a.shape, a.tobytes())


def check_npz():
    arrays = {f"dir/{d}": random_array(d, SHAPES[i % len(SHAPES)]) for i, d in enumerate(NUMPY_TYPES)}
    arrays["zeros"] = np.zeros((600, 700), np.float32)
    for save in (np.savez, np.savez_compressed):
        save(BUILD / "a.npz", **arrays)
        seen = Seen(BUILD / "a.npz")
        assert seen.kind == "npz" and seen.order == list(arrays)
        for name, a in arrays.items():
            seen.expect(name, NAMES[str(a.dtype)], a.shape, a.tobytes())


def check_safetensors():
    arrays = {d: random_array(d, SHAPES[i % len(SHAPES)]) for i, d in enumerate(NUMPY_TYPES)}
    safetensors.numpy.save_file(arrays, BUILD / "a.safetensors", metadata={"note": "caf\u00e9", "x": "\n"})
    seen = Seen(BUILD / "a.safetensors")
    assert seen.meta["note"]["value"] == "caf\u00e9" and seen.meta["x"]["value"] == "\n"
    for name, a in arrays.items():
        seen.expect(name, NAMES[name], a.shape, a.tobytes())


def check_safetensors_small_floats():
    """Types that numpy has not: the package takes bytes of any of its types."""
    types = {"bfloat16": 16, "float8_e4m3fn": 8, "float8_e5m2": 8, "float8_e8m0fnu": 8, "float4_e2m1fn_x2": 8,
             "float8_e4m3fnuz": 8, "float8_e5m2fnuz": 8}
    plain = {"bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
             "float4_e2m1fn_x2": "F4", "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ"}
    known = 0
    for name, bits in types.items():
        data = RNG.bytes(6 * bits // 8)
        array = np.frombuffer(data, np.uint8)
        try:
            if hasattr(safetensors, "TensorSpec"):  # from 0.8 on
                spec = safetensors.TensorSpec(dtype=name, shape=[2, 3], data_ptr=array.ctypes.data, data_len=len(data))
            else:
                spec = {"dtype": name, "shape": [2, 3], "data": data}
            text = safetensors.serialize({name: spec}, None)
        except Exception as error:
            print(f"safetensors has no {name}: {error}")
            continue
        (BUILD / "b.safetensors").write_bytes(text)
        shape = (2, 6) if name.endswith("_x2") else (2, 3)
        Seen(BUILD / "b.safetensors").expect(name, plain[name], shape, data)
        known += 1
    assert known >= 3, known


def check_safetensors_shards():
    folder = BUILD / "sharded"
    folder.mkdir(exist_ok=True)
    arrays = {f"model.layers.{i}.weight": random_array("float16", (4, i + 1)) for i in range(6)}
    names, total = {}, 0
    for shard in range(3):
        file = f"model-{shard + 1:05}-of-00003.safetensors"
        part = {n: a for i, (n, a) in enumerate(arrays.items()) if i % 3 == shard}
        safetensors.numpy.save_file(part, folder / file, metadata={"format": "pt"})
        names.update({n: file for n in part})
        total += sum(a.nbytes for a in part.values())
    index = {"metadata": {"total_size": total}, "weight_map": names}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    for path in (folder, folder / "model.safetensors.index.json", folder / "model-00002-of-00003.safetensors"):
        seen = Seen(path)
        assert len(seen.tensors) == 6 and seen.meta["index.total_size"]["value"] == str(total)
        for name, a in arrays.items():
            seen.expect(name, "F16", a.shape, a.tobytes())
            assert seen.tensors[name]["path"].endswith(names[name])


def gguf_tensors(writer):
    """Adds tensors of plain and block types; returns what is to be seen: dtype, type number, shape, bytes."""
    tensors = {}
    for i, dtype in enumerate(["float32", "float16", "float64", "int8", "int16", "int32", "int64"]):
        a = random_array(dtype, (3, 32 + i))
        writer.add_tensor(f"plain.{dtype}", a)
        tensors[f"plain.{dtype}"] = (NAMES[dtype], 0, a.shape, a.tobytes())
    for kind in (gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.Q6_K, gguf.GGMLQuantizationType.IQ2_XS):
        weights, size = gguf.GGML_QUANT_SIZES[kind]
        raw = np.frombuffer(RNG.bytes(5 * 2 * size), np.uint8).reshape(5, 2 * size)
        writer.add_tensor(f"blocks.{kind.name}", raw, raw_dtype=kind)
        tensors[f"blocks.{kind.name}"] = ("blocks", int(kind), (5, 2 * weights), raw.tobytes())
    a = random_array("uint16", (2, 8))
    writer.add_tensor("plain.bf16", a.view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    tensors["plain.bf16"] = ("BF16", 0, (2, 8), a.tobytes())
    return tensors


def gguf_expect(seen, tensors):
    assert len(seen.tensors) == len(tensors), (list(seen.tensors), list(tensors))
    for name, (dtype, number, shape, data) in tensors.items():
        t = seen.tensors[name]
        assert t["type"] == number, name
        t["data"], rest = t["data"][: len(data)], t["data"][len(data) :]
        assert len(rest) < 64 and not any(rest), name  # padding behind blocks
        seen.expect(name, dtype, shape, data)


def gguf_metadata(writer):
    values = [("u8", writer.add_uint8, 200), ("i8", writer.add_int8, -7), ("u16", writer.add_uint16, 65000),
              ("i16", writer.add_int16, -300), ("u32", writer.add_uint32, 4000000000), ("i32", writer.add_int32, -5),
              ("u64", writer.add_uint64, 2**63 + 1), ("i64", writer.add_int64, -(2**62)), ("bool", writer.add_bool, True),
              ("string", writer.add_string, "caf\u00e9\nx"), ("f32", writer.add_float32, 1.5),
              ("f64", writer.add_float64, 0.1)]
    for kind, add, value in values:
        add(f"test.{kind}", value)
    writer.add_array("test.words", ["a", "", "\u2581the"])
    writer.add_array("test.numbers", [1, 2, -3])
    writer.add_array("test.floats", [0.5, 2.0])
    return {f"test.{kind}": (kind, value) for kind, _, value in values}


def gguf_expect_metadata(seen, values):
    for key, (kind, value) in values.items():
        m = seen.meta[key]
        assert m["type"] == kind, (key, m)
        if kind.startswith("f"):
            assert float(m["value"]) == value, (key, m)
        else:
            assert m["value"] == (str(value).lower() if kind == "bool" else str(value)), (key, m)
    assert seen.meta["test.words"]["items"] == ["a", "", "\u2581the"]
    assert [int(x) for x in seen.meta["test.numbers"]["items"]] == [1, 2, -3]
    assert [float(x) for x in seen.meta["test.floats"]["items"]] == [0.5, 2.0]


def gguf_write(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check_gguf():
    for alignment in (32, 64):
        writer = gguf.GGUFWriter(BUILD / "a.gguf", "test")
        if alignment != 32:
            writer.add_custom_alignment(alignment)
        values, tensors = gguf_metadata(writer), gguf_tensors(writer)
        gguf_write(writer)
        seen = Seen(BUILD / "a.gguf")
        gguf_expect_metadata(seen, values)
        gguf_expect(seen, tensors)


def check_gguf_split():
    folder = BUILD / "split"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    writer = gguf.GGUFWriter(folder / "m.gguf", "test", split_max_tensors=4)
    values, tensors = gguf_metadata(writer), gguf_tensors(writer)
    gguf_write(writer)
    parts = sorted(folder.iterdir())
    assert len(parts) > 2, parts
    for path in [folder, *parts]:
        seen = Seen(path)
        assert sorted(seen.parts) == [str(p) for p in parts]
        gguf_expect_metadata(seen, values)
        gguf_expect(seen, {n: t for n, t in tensors.items()})


ONNX_TYPES = {
    TensorProto.FLOAT: "float32", TensorProto.UINT8: "uint8", TensorProto.INT8: "int8", TensorProto.UINT16: "uint16",
    TensorProto.INT16: "int16", TensorProto.INT32: "int32", TensorProto.INT64: "int64", TensorProto.BOOL: "bool",
    TensorProto.FLOAT16: "float16", TensorProto.DOUBLE: "float64", TensorProto.UINT32: "uint32",
    TensorProto.UINT64: "uint64", TensorProto.COMPLEX64: "complex64", TensorProto.COMPLEX128: "complex128",
    TensorProto.BFLOAT16: "bfloat16", TensorProto.FLOAT8E4M3FN: "float8_e4m3fn",
    TensorProto.FLOAT8E4M3FNUZ: "float8_e4m3fnuz", TensorProto.FLOAT8E5M2: "float8_e5m2",
    TensorProto.FLOAT8E5M2FNUZ: "float8_e5m2fnuz", TensorProto.UINT4: "uint4", TensorProto.INT4: "int4",
    TensorProto.FLOAT4E2M1: "float4_e2m1fn",
}
for _name, _dtype in (("FLOAT8E8M0", "float8_e8m0fnu"), ("UINT2", "uint2"), ("INT2", "int2"),
                      ("FLOAT6E2M3", "float6_e2m3fn"), ("FLOAT6E3M2", "float6_e3m2fn")):
    if hasattr(TensorProto, _name):  # newer versions
        ONNX_TYPES[getattr(TensorProto, _name)] = _dtype

BITS = {"uint4": 4, "int4": 4, "float4_e2m1fn": 4, "uint2": 2, "int2": 2, "float6_e2m3fn": 6, "float6_e3m2fn": 6}


def packed_bytes(array, dtype):
    """Elements as the file has them, the first one in the lowest bits. numpy keeps small elements in a byte each."""
    if dtype not in BITS:
        return array.tobytes()
    codes = np.atleast_1d(array).reshape(-1).view(np.uint8)
    bits = (codes[:, None] >> np.arange(BITS[dtype])) & 1
    return np.packbits(bits.reshape(-1).astype(np.uint8), bitorder="little").tobytes()


def expect_onnx_tensor(seen, name, proto):
    dtype = ONNX_TYPES[proto.data_type]
    seen.expect(name, NAMES[dtype], tuple(proto.dims), packed_bytes(numpy_helper.to_array(proto), dtype))


def onnx_values(dtype, shape):
    """Numbers that every type has, as floats or integers."""
    low, high = (0, 2) if dtype in ("uint2", "int2", "bool") else (0, 4)
    values = RNG.integers(low, high, shape)
    return values.astype(np.float32) if "float" in dtype else values


def onnx_initializers():
    protos = []
    for number, dtype in ONNX_TYPES.items():
        for i, shape in enumerate([(2, 3), (5,), ()]):
            values = onnx_values(dtype, shape)
            protos.append(helper.make_tensor(f"typed.{dtype}.{i}", number, shape, values.reshape(-1).tolist()))
            if dtype not in ("float6_e2m3fn", "float6_e3m2fn"):
                array = numpy_helper.to_array(protos[-1])
                protos.append(numpy_helper.from_array(array, f"raw.{dtype}.{i}"))
    return protos


def onnx_model(nodes, protos):
    io = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])]
    return helper.make_model(helper.make_graph(nodes, "g", io, out, protos), producer_name="writers")


def check_onnx():
    protos = onnx_initializers()
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.arange(6, dtype=np.int16)))
    model = onnx_model([constant], protos)
    onnx.save(model, BUILD / "a.onnx")
    seen = Seen(BUILD / "a.onnx")
    for proto in protos:
        expect_onnx_tensor(seen, proto.name, proto)
    seen.expect("c", "I16", (6,), np.arange(6, dtype=np.int16).tobytes())
    assert seen.meta["producer_name"]["value"] == "writers"
    assert seen.meta["inputs[0]"]["value"] == "x: F32 [n, 4]"


def check_onnx_external():
    folder = BUILD / "external"
    folder.mkdir(exist_ok=True)
    protos = [numpy_helper.from_array(random_array(d, (40, 30)), d) for d in ("int8", "int32", "uint16")]
    kept = [TensorProto.FromString(p.SerializeToString()) for p in protos]
    for one_file in (True, False):
        for old in folder.iterdir():
            old.unlink()
        model = onnx_model([], [TensorProto.FromString(p.SerializeToString()) for p in kept])
        onnx.save_model(model, folder / "m.onnx", save_as_external_data=True, all_tensors_to_one_file=one_file,
                        location="m.data" if one_file else None, size_threshold=0)
        seen = Seen(folder / "m.onnx")
        assert len(seen.parts) == (2 if one_file else 4), seen.parts
        for proto in kept:
            expect_onnx_tensor(seen, proto.name, proto)


def check_onnx_quantized():
    """Nodes whose scales are tied to their weights, computed with here as ONNX defines them."""
    w = RNG.integers(-128, 128, (4, 6)).astype(np.int8)
    s, z = RNG.random(6).astype(np.float32), RNG.integers(-5, 5, 6).astype(np.int8)
    blocked = RNG.random((4, 3)).astype(np.float32)
    b = RNG.integers(0, 256, (3, 2, 8)).astype(np.uint8)
    bs, bz = RNG.random(6).astype(np.float16), RNG.integers(0, 256, 3).astype(np.uint8)
    arrays = {"w": w, "s": s, "z": z, "v": w, "t": blocked, "b": b, "bs": bs, "bz": bz}
    nodes = [helper.make_node("DequantizeLinear", ["w", "s", "z"], ["a"], axis=1),
             helper.make_node("DequantizeLinear", ["v", "t"], ["b2"], axis=1, block_size=2),
             helper.make_node("MatMulNBits", ["x", "b", "bs", "bz"], ["y"], domain="com.microsoft", K=32, N=3, bits=4,
                              block_size=16)]
    onnx.save(onnx_model(nodes, [numpy_helper.from_array(a, n) for n, a in arrays.items()]), BUILD / "q.onnx")
    seen = Seen(BUILD / "q.onnx")
    quant = {n: seen.tensors[n]["quant"] for n in ("w", "v", "b")}
    assert quant["w"] == {"by": "DequantizeLinear", "scale": "w.scale", "zero_point": "w.zero_point", "axis": 1,
                          "block": 1, "bits": 0, "rows": 0, "columns": 0}, quant["w"]
    assert (quant["v"]["scale"], quant["v"]["zero_point"], quant["v"]["block"]) == ("v.scale", None, 2), quant["v"]
    assert (quant["b"]["rows"], quant["b"]["columns"], quant["b"]["bits"], quant["b"]["block"]) == (3, 32, 4, 16)
    seen.expect("w.scale", "F32", (6,), s.tobytes())
    seen.expect("v.scale", "F32", (4, 3), blocked.tobytes())
    seen.expect("b.scale", "F16", (3, 2), bs.tobytes())
    seen.expect("b.zero_point", "U8", (3, 1), bz.tobytes())
    assert seen.tensors["b.scale"]["alias_of"] == "bs"


def check_onnx_shared():
    """Tensors and models of the ONNX node tests and others, where they are present."""
    files = sorted(SHARED.glob("onnx-node/*/test_data_set_*/*.pb")) + sorted(SHARED.glob("mnist/*/*/*.pb"))
    for path in files:
        proto = onnx.TensorProto.FromString(path.read_bytes())
        seen = Seen(path)
        assert seen.kind == "ONNX tensor"
        expect_onnx_tensor(seen, proto.name or path.stem, proto)
    models = sorted(SHARED.glob("onnx-node/*/model.onnx")) + sorted(SHARED.glob("**/*.onnx"))
    for path in models:
        model, seen = onnx.load(path), Seen(path)
        for proto in model.graph.initializer:
            expect_onnx_tensor(seen, proto.name, proto)
    if not files:
        print(f"skipped: {SHARED / 'onnx-node'} is not present")


TFLITE_TYPES = {getattr(tflite.TensorType, n): t for n, t in {
    "FLOAT32": "F32", "FLOAT16": "F16", "INT32": "I32", "UINT8": "U8", "INT64": "I64", "BOOL": "BOOL", "INT16": "I16",
    "INT8": "I8", "FLOAT64": "F64", "INT4": "I4", "UINT32": "U32", "UINT16": "U16"}.items() if hasattr(tflite.TensorType, n)}


def expect_tflite(path):
    """Compares with the package's own view of the file."""
    model, seen = tflite.Model.GetRootAsModel(path.read_bytes(), 0), Seen(path)
    graph = model.Subgraphs(0)
    found = 0
    for i in range(graph.TensorsLength()):
        t = graph.Tensors(i)
        data = model.Buffers(t.Buffer())
        if data.DataLength() == 0:
            continue
        name = t.Name().decode()
        name = name if name in seen.tensors and found < len(seen.order) else f"{name}#{i}"
        shape = tuple(int(x) for x in t.ShapeAsNumpy()) if t.ShapeLength() else ()
        seen.expect(name, TFLITE_TYPES[t.Type()], shape, data.DataAsNumpy().tobytes())
        found += 1
        q, said = t.Quantization(), seen.tensors[name]["quant"]
        if q is None or q.ScaleLength() == 0:
            assert said is None, name
            continue
        found += 1 + (q.ZeroPointLength() > 0)
        seen.expect(f"{name}.scale", "F32", (q.ScaleLength(),), q.ScaleAsNumpy().tobytes())
        if q.ZeroPointLength():
            seen.expect(f"{name}.zero_point", "I64", (q.ZeroPointLength(),), q.ZeroPointAsNumpy().tobytes())
        assert said["axis"] == (q.QuantizedDimension() if q.ScaleLength() > 1 else -1), (name, said)
    assert found == len(seen.tensors), (path, found, len(seen.tensors))


def tflite_vector(b, start, add, values):
    start(b, len(values))
    for v in reversed(values):
        add(v)
    return b.EndVector()


def tflite_tensor(b, name, kind, shape, buffer, scales, zeros, dimension):
    text = b.CreateString(name)
    dims = b.CreateNumpyVector(np.array(shape, np.int32))
    scale = b.CreateNumpyVector(np.array(scales, np.float32))
    zero = b.CreateNumpyVector(np.array(zeros, np.int64))
    tflite.QuantizationParametersStart(b)
    tflite.QuantizationParametersAddScale(b, scale)
    tflite.QuantizationParametersAddZeroPoint(b, zero)
    tflite.QuantizationParametersAddQuantizedDimension(b, dimension)
    quant = tflite.QuantizationParametersEnd(b)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, dims)
    tflite.TensorAddType(b, kind)
    tflite.TensorAddBuffer(b, buffer)
    tflite.TensorAddName(b, text)
    tflite.TensorAddQuantization(b, quant)
    return tflite.TensorEnd(b)


def check_tflite():
    """A model made with the builder of FlatBuffers."""
    b = flatbuffers.Builder(1024)
    kinds = tflite.TensorType
    rows = [("x", kinds.INT8, (1, 4), b"", [0.5], [3], 0), ("w", kinds.INT8, (3, 4), RNG.bytes(12), [1, 2, 3], [0, 0, 0], 0),
            ("depthwise", kinds.INT8, (1, 2, 2, 3), RNG.bytes(12), [1, 2, 3], [0, 1, 2], 3),
            ("half", kinds.FLOAT16, (5,), RNG.bytes(10), [], [], 0), ("small", kinds.INT4, (3, 3), RNG.bytes(5), [0.25], [0], 0),
            ("scalar", kinds.INT32, (), RNG.bytes(4), [], [], 0)]
    buffers = []
    for row in rows:
        data = b.CreateNumpyVector(np.frombuffer(row[3], np.uint8)) if row[3] else None
        tflite.BufferStart(b)
        if data is not None:
            tflite.BufferAddData(b, data)
        buffers.append(tflite.BufferEnd(b))
    tensors = [tflite_tensor(b, n, k, s, i, sc, z, d) for i, (n, k, s, _, sc, z, d) in enumerate(rows)]
    tensor_list = tflite_vector(b, tflite.SubGraphStartTensorsVector, b.PrependUOffsetTRelative, tensors)
    inputs = b.CreateNumpyVector(np.array([0], np.int32))
    tflite.SubGraphStart(b)
    tflite.SubGraphAddTensors(b, tensor_list)
    tflite.SubGraphAddInputs(b, inputs)
    graphs = tflite_vector(b, tflite.ModelStartSubgraphsVector, b.PrependUOffsetTRelative, [tflite.SubGraphEnd(b)])
    buffer_list = tflite_vector(b, tflite.ModelStartBuffersVector, b.PrependUOffsetTRelative, buffers)
    text = b.CreateString("made by hand")
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddSubgraphs(b, graphs)
    tflite.ModelAddBuffers(b, buffer_list)
    tflite.ModelAddDescription(b, text)
    b.Finish(tflite.ModelEnd(b), file_identifier=b"TFL3")
    (BUILD / "a.tflite").write_bytes(bytes(b.Output()))
    expect_tflite(BUILD / "a.tflite")


def check_tflite_shared():
    files = sorted(SHARED.glob("**/*.tflite"))
    for path in files:
        expect_tflite(path)
    if not files:
        print(f"skipped: no .tflite file in {SHARED}")


# ---- models that name these files ----

def run_model(weights, layer, scheme, layout, rows, columns):
    """Runs a model of one layer with float activations on the unit matrix: what comes back is the transposed weight."""
    text = f"""{scheme}
model m {{
  weights "{weights}";
  dim batch <= {columns};
  input x : f32[batch, {columns}];
  output y = linear(x, "{layer}", bias = none);
}}
quantize {{ "*" : {layout}, act = f32; }}
"""
    (BUILD / "m.q").write_text(text)
    np.save(BUILD / "unit.npy", np.eye(columns, dtype=np.float32))
    subprocess.run([QCC, "run", BUILD / "m.q", f"--input={BUILD / 'unit.npy'}", f"--output={BUILD / 'y.npy'}"], check=True,
                   stdout=subprocess.DEVNULL)
    y = np.load(BUILD / "y.npy")
    assert y.shape == (columns, rows), y.shape
    counts["runs"] += 1
    return y.T


BYTES = """scheme bytes {
  code  : i8;
  scale : f32 per row;
  zero  : i8 per row;
  value = scale * (code - zero);
  layout rows {
    tensor codes  : i8[N, K] = "";
    tensor scales : f32[N] = ".scale";
    tensor zeros  : i64|i8[N] = ".zero_point";
    code[n, k] = codes[n, k];
    scale[n]   = scales[n];
    zero[n]    = zeros[n];
  }
  layout columns {
    tensor codes  : i8[K, N] = "";
    tensor scales : f32[N] = ".scale";
    tensor zeros  : i64|i8[N] = ".zero_point";
    code[n, k] = codes[k, n];
    scale[n]   = scales[n];
    zero[n]    = zeros[n];
  }
}
"""

NIBBLES = """scheme nibbles(group = 16) {
  code  : u4;
  scale : f32 per group;
  zero  : u4 per group;
  value = scale * (code - zero);
  layout nodes {
    tensor codes  : u8[N, (K + group - 1) / group, group / 2] = "";
    tensor scales : f16|f32[N, (K + group - 1) / group] = ".scale";
    tensor zeros  : u8[N, ((K + group - 1) / group + 1) / 2] = ".zero_point";
    code[n, k]  = bits(codes[n, k / group, *], 4 * (k % group), 4);
    scale[n, g] = scales[n, g];
    zero[n, g]  = bits(zeros[n, *], 4 * g, 4);
  }
  layout blocks {
    tensor codes  : u8[N, K] = "";
    tensor scales : f32[N, K / group] = ".scale";
    tensor zeros  : u8[N, K / group] = ".zero_point";
    code[n, k]  = codes[n, k];
    scale[n, g] = scales[n, g];
    zero[n, g]  = zeros[n, g];
  }
}
"""


def expect_equal(got, expected):
    """A kernel may sum codes and zero points apart, so results can differ by roundings of the largest number."""
    assert np.abs(got - expected).max() <= 2.0**-22 * np.abs(expected).max(), np.abs(got - expected).max()


def check_run_onnx():
    n, k, group = 5, 48, 16
    scales, zeros = RNG.random(n).astype(np.float32), RNG.integers(-9, 9, n).astype(np.int8)
    codes = RNG.integers(-128, 128, (k, n)).astype(np.int8)
    fours = RNG.integers(0, 16, (n, k)).astype(np.uint8)
    group_scales, group_zeros = RNG.random((n, k // group)).astype(np.float32), RNG.integers(0, 16, (n, k // group))
    packed = (fours[:, ::2] | fours[:, 1::2] << 4).reshape(n, k // group, group // 2)
    padded = np.pad(group_zeros, ((0, 0), (0, 1))).astype(np.uint8)
    protos = [numpy_helper.from_array(a, name) for name, a in (
        ("w", codes), ("ws", scales), ("wz", zeros), ("b", packed), ("bs", group_scales.reshape(-1)),
        ("bz", (padded[:, ::2] | padded[:, 1::2] << 4).reshape(-1)), ("qs", group_scales))]
    protos.append(helper.make_tensor("q", TensorProto.UINT4, (n, k), fours.reshape(-1).tolist()))
    protos.append(helper.make_tensor("qz", TensorProto.UINT4, group_zeros.shape, group_zeros.reshape(-1).tolist()))
    nodes = [helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["d"], axis=1),
             helper.make_node("DequantizeLinear", ["q", "qs", "qz"], ["e"], axis=1, block_size=group),
             helper.make_node("MatMulNBits", ["x", "b", "bs", "bz"], ["y"], domain="com.microsoft", K=k, N=n, bits=4,
                              block_size=group)]
    onnx.save(onnx_model(nodes, protos), BUILD / "run.onnx")
    expect_equal(run_model("run.onnx", "w", BYTES, "bytes, layout = columns", n, k),
                 (codes.T.astype(np.float64) - zeros[:, None]) * scales[:, None])
    blocks = (fours.reshape(n, -1, group).astype(np.float64) - group_zeros[:, :, None]) * group_scales[:, :, None]
    expect_equal(run_model("run.onnx", "b", NIBBLES, "nibbles, layout = nodes", n, k), blocks.reshape(n, k))
    expect_equal(run_model("run.onnx", "q", NIBBLES, "nibbles, layout = blocks", n, k), blocks.reshape(n, k))


def check_run_tflite():
    """A fully connected layer of a real model, where it is present, against its record as the package reads it."""
    path = SHARED / "mlperf-tiny" / "kws_ref_model.tflite"
    if not path.exists():
        print(f"skipped: {path} is not present")
        return
    seen = Seen(path)
    layer = "functional_1/dense/MatMul"
    t = {name: seen.tensors[layer + name]["data"] for name in ("", ".scale", ".zero_point")}
    rows, columns = seen.tensors[layer]["shape"]
    scales, zeros = np.frombuffer(t[".scale"], np.float32), np.frombuffer(t[".zero_point"], np.int64)
    scheme = BYTES
    if len(scales) == 1:
        scheme = scheme.replace("per row", "per tensor").replace("[N] =", "[1] =").replace("scale[n]", "scale")
        scheme = scheme.replace("zero[n]", "zero").replace("scales[n]", "scales[0]").replace("zeros[n]", "zeros[0]")
    codes = np.frombuffer(t[""], np.int8).reshape(rows, columns).astype(np.float64)
    got = run_model(path, layer, scheme, "bytes, layout = rows", rows, columns)
    expect_equal(got, (codes - zeros.reshape(-1, 1)) * scales.reshape(-1, 1))


def check_run_sets():
    """Float weights in shards, in parts and in an archive."""
    w = {f"fc{i}.weight": RNG.random((3, 16)).astype(np.float32) for i in range(3)}
    shards = BUILD / "run-shards"
    shards.mkdir(exist_ok=True)
    names = {}
    for i, (name, a) in enumerate(w.items()):
        names[name] = f"model-{i + 1:05}-of-00003.safetensors"
        safetensors.numpy.save_file({name: a}, shards / names[name])
    (shards / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    np.savez_compressed(BUILD / "run.npz", **w)
    shard = shards / names["fc1.weight"]
    before = shard.read_bytes()
    result = subprocess.run([QCC, "quantize", shards, "--format", "q8_0", "-o", shard], capture_output=True, text=True)
    assert result.returncode == 1 and "is an input, which the output would replace" in result.stderr, result.stderr
    assert shard.read_bytes() == before
    parts = BUILD / "run-parts"
    parts.mkdir(exist_ok=True)
    writer = gguf.GGUFWriter(parts / "m.gguf", "test", split_max_tensors=1)
    for name, a in w.items():
        writer.add_tensor(name, a)
    gguf_write(writer)
    last = sorted(parts.iterdir())[-1]
    for weights in (shards, shards / "model.safetensors.index.json", BUILD / "run.npz", parts, last):
        for name, a in w.items():
            assert np.array_equal(run_model(weights, name.removesuffix(".weight"), "", "f32", 3, 16), a), (weights, name)


def main():
    BUILD.mkdir(parents=True, exist_ok=True)
    groups = {n: f for n, f in globals().items() if n.startswith("check_")}
    for name, group in groups.items():
        if len(sys.argv) > 4 and name.removeprefix("check_") not in sys.argv[4:]:
            continue
        if QCC is not None or not name.startswith("check_run"):
            group()
    print(f"{counts['files']} files, {counts['tensors']} tensors are as their writers say, {counts['runs']} models run on them")


main()
