"""What `qcc quantize -o x.gguf` writes, read by the package gguf: all metadata stay, and its decoder gives the weights with the
error that qcc says."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from gguf import GGUFReader, GGUFWriter
from gguf.quants import dequantize

# Format, the package's name of its type, and of files of it.
FORMATS = [("q4_0", "Q4_0", 2), ("q8_0", "Q8_0", 7), ("q4_K", "Q4_K", 14), ("q6_K", "Q6_K", 18), ("q2_K", "Q2_K", 10),
           ("iq2_xxs", "IQ2_XXS", 19), ("iq3_s", "IQ3_S", 26), ("iq4_xs", "IQ4_XS", 30), ("tq2_0", "TQ2_0", 37),
           ("f16", "F16", None)]
OWN = {"general.file_type", "general.quantization_version"}

random = np.random.default_rng(3)


def weights(*shape):
    return random.normal(size=shape).astype(np.float32)


def write_input(path):
    w = GGUFWriter(path, "llama")
    w.add_string("general.name", "a \u00e4 model")
    w.add_uint32("llama.block_count", 2)
    w.add_file_type(1)
    w.add_float32("llama.rope.freq_base", 10000.5)
    w.add_bool("tokenizer.ggml.add_bos_token", True)
    w.add_array("tokenizer.ggml.tokens", ["<s>", "", "\u2581the"])
    w.add_array("tokenizer.ggml.scores", [0.5, -1.0, 2.0])
    w.add_custom_alignment(64)
    tensors = {"token_embd.weight": weights(5, 256), "blk.0.ffn_up_exps.weight": weights(3, 4, 256),
               "blk.0.norm.weight": weights(256), "blk.0.odd.weight": weights(4, 40)}
    for name, data in tensors.items():
        w.add_tensor(name, data)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    return tensors


def check_metadata(before, after, file_type):
    for key, field in before.fields.items():
        if key.startswith("GGUF.") or key in OWN:
            continue
        assert key in after.fields, f"{key} is lost"
        assert after.fields[key].contents() == field.contents(), key
        assert after.fields[key].types == field.types, key
    assert after.fields["general.quantization_version"].contents() == 2
    if file_type is None:
        assert "general.file_type" not in after.fields
    else:
        assert after.fields["general.file_type"].contents() == file_type


def check_tensors(after, tensors, kind, errors):
    assert [t.name for t in after.tensors] == list(tensors)
    for t in after.tensors:
        before = tensors[t.name]
        assert list(t.shape) == list(reversed(before.shape)), t.name
        if t.name not in errors:
            assert t.tensor_type.name == "F32" and np.array_equal(t.data.reshape(before.shape), before), t.name
            continue
        assert t.tensor_type.name == kind, t.name
        now = dequantize(t.data, t.tensor_type).reshape(before.shape).astype(np.float64)
        error = np.linalg.norm(now - before) / np.linalg.norm(before)
        assert abs(error - errors[t.name]) <= 1e-4 * error, f"{t.name}: {error}, qcc says {errors[t.name]}"


def quantize(qcc, source, target, *options):
    done = subprocess.run([qcc, "quantize", source, "-o", target, "--json", *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    return {t["name"]: t["relative_error"] for t in report["tensors"]}, report, done.stderr


def write_list(path, entries):
    """An importance matrix as llama.cpp's tool wrote it first: sums of squares, divided by their number, times the calls."""
    with open(path, "wb") as f:
        f.write(struct.pack("<i", len(entries)))
        for name, squares in entries.items():
            f.write(struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", 8, squares.size))
            f.write((8 * squares).astype("<f4").tobytes())


def write_sums(path, entries):
    """The same as a GGUF file."""
    w = GGUFWriter(path, "")
    w.add_type("imatrix")
    for name, squares in entries.items():
        rows = np.atleast_2d(squares)
        w.add_tensor(name + ".in_sum2", (4 * rows).astype(np.float32))
        w.add_tensor(name + ".counts", np.full((rows.shape[0], 1), 4, np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def weighted_error(path, tensors, importance):
    t = GGUFReader(path).tensors[0]
    gap = dequantize(t.data, t.tensor_type).astype(np.float64) - tensors[t.name]
    return float((importance * gap * gap).sum())


def check_importance(qcc, folder, source, tensors):
    def at(name):
        return str(pathlib.Path(folder, name))

    columns = np.exp(2 * random.normal(size=256)).astype(np.float32)
    entries = {"token_embd.weight": columns, "blk.0.ffn_up_exps.weight": np.exp(random.normal(size=(3, 256)))}
    write_list(at("list.dat"), entries)
    write_sums(at("sums.gguf"), entries)
    for name in ("q4_0", "q4_K", "iq2_xxs", "iq3_xxs", "iq4_nl"):
        quantize(qcc, source, at("without.gguf"), "--format", name)
        quantize(qcc, source, at("list.gguf"), "--format", name, "--imatrix", at("list.dat"))
        quantize(qcc, source, at("sums_out.gguf"), "--format", name, "--imatrix", at("sums.gguf"))
        assert pathlib.Path(at("list.gguf")).read_bytes() == pathlib.Path(at("sums_out.gguf")).read_bytes()
        before, after = (weighted_error(at(f), tensors, columns) for f in ("without.gguf", "list.gguf"))
        print(f"{name}: the weighted error is {after / before:.3f} of what it was")
        assert after < 0.97 * before, (name, before, after)
    for broken in (b"", b"\1\0\0\0\xff", pathlib.Path(at("list.dat")).read_bytes()[:-500]):
        pathlib.Path(at("broken.dat")).write_bytes(broken)
        done = subprocess.run([qcc, "quantize", source, "--format", "q4_0", "--imatrix", at("broken.dat"), "-o",
                               at("none.gguf")], capture_output=True, text=True)
        assert done.returncode == 1 and "no importance matrix" in done.stderr, done.stderr
    write_list(at("other.dat"), {"token_embd.weight": columns[:128]})
    done = subprocess.run([qcc, "quantize", source, "--format", "q4_0", "--imatrix", at("other.dat"), "-o",
                           at("none.gguf")], capture_output=True, text=True)
    assert done.returncode == 1 and "is not for 1 x 256 columns" in done.stderr, done.stderr


def main(qcc):
    with tempfile.TemporaryDirectory() as folder:
        source, target = str(pathlib.Path(folder, "m.gguf")), str(pathlib.Path(folder, "q.gguf"))
        tensors = write_input(source)
        before = GGUFReader(source)
        for name, kind, file_type in FORMATS:
            errors, report, said = quantize(qcc, source, target, "--format", name)
            fits = name == "f16"
            assert len(errors) == (3 if fits else 2) and 0 < max(errors.values()) < 0.5, (name, errors)
            assert report["misfits"] == ([] if fits else ["blk.0.odd.weight"]) and ("-Wmisfit" in said) != fits
            after = GGUFReader(target)
            check_metadata(before, after, file_type)
            check_tensors(after, tensors, kind, errors)
            print(f"{name}: {errors}")
        # Blocks stay as they are when the rest is quantized.
        again = str(pathlib.Path(folder, "r.gguf"))
        quantize(qcc, source, target, "--format", "q4_0", "--tensors", "token*")
        quantize(qcc, target, again, "--format", "q8_0", "--tensors", "*exps*")
        kinds = {t.name: t.tensor_type.name for t in GGUFReader(again).tensors}
        assert kinds["token_embd.weight"] == "Q4_0" and kinds["blk.0.ffn_up_exps.weight"] == "Q8_0", kinds
        first, second = GGUFReader(target).tensors[0], GGUFReader(again).tensors[0]
        assert np.array_equal(first.data, second.data)
        check_importance(qcc, folder, source, tensors)


main(sys.argv[2])
