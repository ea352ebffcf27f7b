"""Files as other programs write them, opened by qcc and compared with numbers that are computed without it.

A test of such files makes a Corpus and calls `opens` or `refuses` for each; every call adds a row to a table, which
docs/writers.md shows (table.py). What is checked of each file:

    qcc run        the layer's weights, read back by multiplying with the identity, are the expected ones
    qcc convert    to f32, the same
    qcc inspect    calls the layer compilable exactly when compiling without a rule takes it

Errors are relative (root mean square); MAX_ERROR is what rounding to float32 may cost.
"""

import json
import os
import pathlib
import struct
import subprocess

import numpy as np

MAX_ERROR = 1e-6

# Types of safetensors by those of numpy and ml_dtypes; "F8_E8M0" and others without one are given as (name, bytes).
TYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
    "uint64": "U64", "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
}


def save_safetensors(path, tensors, metadata=None):
    """tensors: {name: array}."""
    header, data = {}, b""
    for name, array in tensors.items():
        raw = array.tobytes()
        header[name] = {"dtype": TYPES[str(array.dtype)], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    if metadata:
        header["__metadata__"] = metadata
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def load_safetensors(path):
    """{name: array} of the tensors whose types numpy has."""
    types = {name: np.dtype(dtype) for dtype, name in TYPES.items() if not dtype.startswith(("bf", "float8"))}
    raw = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if name != "__metadata__" and entry["dtype"] in types:
            begin, end = entry["data_offsets"]
            data = np.frombuffer(raw[8 + size + begin : 8 + size + end], types[entry["dtype"]])
            tensors[name] = data.reshape(entry["shape"])
    return tensors


def error_of(got, expected):
    if got is None or got.shape != expected.shape:
        return np.inf
    if not np.array_equal(np.isnan(got), np.isnan(expected)):
        return np.inf
    size = np.nansum(expected.astype(np.float64) ** 2)
    return np.sqrt(np.nansum((got - expected) ** 2) / (size if size > 0 else 1))


def first_line(text):
    return next((line for line in text.splitlines() if "error" in line), text.strip().split("\n")[0])


class Corpus:
    def __init__(self, qcc, folder, results):
        self.qcc, self.folder = os.path.abspath(qcc), pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.results = pathlib.Path(results)
        self.results.parent.mkdir(parents=True, exist_ok=True)
        self.rows, self.wrong = [], []

    # ---- commands ----

    def call(self, *arguments):
        done = subprocess.run([self.qcc, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def run(self, path, layer, columns, rule):
        """(weights or None, what was said)"""
        rule = f"{rule}, act = f32" if rule else "act = f32"
        (self.folder / "m.q").write_text(
            f'model m {{\n  weights "{path}";\n  dim batch <= {columns};\n  input x : f32[batch, {columns}];\n'
            f'  output y = linear(x, "{layer}", bias = none);\n}}\nquantize {{ "*" : {rule}; }}\n')
        np.save(self.folder / "x.npy", np.eye(columns, dtype=np.float32))
        (self.folder / "y.npy").unlink(missing_ok=True)
        status, out, err = self.call("run", "m.q", "--input=x.npy", "--output=y.npy")
        return (np.load(self.folder / "y.npy").T if status == 0 else None), (out + err).strip()

    def convert(self, path, layer):
        (self.folder / "f32.safetensors").unlink(missing_ok=True)
        status, out, err = self.call("convert", path, "--to", "f32", "-o", "f32.safetensors")
        if status != 0:
            return None, (out + err).strip()
        tensors = load_safetensors(self.folder / "f32.safetensors")
        weights = tensors.get(f"{layer}.weight.w", tensors.get(f"{layer}.w"))
        return weights, out

    def inspect(self, path, layer):
        """(line of the layer or None, whether it is said to compile)"""
        status, out, err = self.call("inspect", "--json", path)
        assert status == 0, err
        found = {t["name"]: t for t in json.loads(out)["tensors"]}
        line = found.get(layer) or found.get(f"{layer}.weight")
        return line, line is not None and line["exact"] and not line["alternatives"]

    # ---- cases ----

    def fail(self, what, text):
        self.wrong.append(f"{what}: {text}")

    def add(self, writer, format, file, says, reference):
        self.rows.append((writer, format, file, says.replace("|", "\\|").replace("\t", " "), reference))

    def opens(self, writer, format, file, path, layer, expected, reference, rule="", converts=True):
        """The file has the weights `expected` [rows, columns], float64. `rule` is needed where the file leaves it open;
        then compiling without it must be refused, and what inspect says of the file is not compared."""
        what = f"{writer}, {format}, {file}"
        line, promised = self.inspect(path, layer)
        weights, said = self.run(path, layer, expected.shape[1], rule)
        error = error_of(weights, expected)
        if not error <= MAX_ERROR:
            self.fail(what, f"qcc run: error {error:.3g}; {first_line(said)}")
        elif said:
            self.fail(what, f"qcc run said: {said}")
        if rule:
            weights, said = self.run(path, layer, expected.shape[1], "")
            if weights is not None:
                self.fail(what, "is compiled without the rule, too")
        if (not rule) != promised:
            self.fail(what, f"qcc inspect {'promises' if promised else 'does not promise'} it: {line}")
        if converts and not rule:
            weights, said = self.convert(path, layer)
            error = error_of(weights, expected)
            if not error <= MAX_ERROR:
                self.fail(what, f"qcc convert: error {error:.3g}; {first_line(said)}")
        says = f"with the rule `{rule}`" if rule else "opens"
        if not rule and line is not None and line["scheme"]:
            says = f"`{line['scheme']}`, layout `{line['layout'] or line['packing']}`"
        elif not rule and line is not None:
            says = f"floats: {line['format']}"
        self.add(writer, format, file, says, reference)

    def refuses(self, writer, format, file, path, layer, columns, message, rule="", converts=True):
        """Compiling (with the rule) ends in an error that has the text `message` in it."""
        what = f"{writer}, {format}, {file}"
        weights, said = self.run(path, layer, columns, rule)
        if weights is not None:
            self.fail(what, "is compiled")
        elif message not in said:
            self.fail(what, f"is refused with another message: {first_line(said)}")
        line, promised = self.inspect(path, layer)
        if promised and not rule:
            self.fail(what, f"qcc inspect promises it: {line}")
        if converts and not rule and self.convert(path, layer)[0] is not None:
            self.fail(what, "is converted")
        self.add(writer, format, file, f"{'with the rule `' + rule + '`: ' if rule else ''}error: .. {message} ..", "")

    def finish(self, whole=True):
        """The exit status; the table's rows are written when all files were opened."""
        if whole:
            self.results.write_text("".join("\t".join(row) + "\n" for row in self.rows), encoding="utf-8")
        for text in self.wrong:
            print(f"FAILED {text}")
        print(f"{len(self.rows)} files, {len(self.wrong)} wrong")
        return 1 if self.wrong or (whole and not self.rows) else 0
