"""Checkpoints (safetensors) as quantization tools write them, against numpy.

checkpoints.py RESULTS BUILD QCC [GROUP ..]; a group is a function below whose name begins with check_.
"""

import json
import os
import pathlib
import random
import re
import struct
import sys

import gguf
import ml_dtypes as ml
import numpy as np

from corpus import Corpus, first_line, load_safetensors, save_safetensors

FOLDER = pathlib.Path(sys.argv[2]) / "checkpoints"
corpus = Corpus(sys.argv[3], FOLDER, sys.argv[1])
RNG = np.random.default_rng(11)
N, K, GROUP = 64, 256, 64


# ---- parts of files ----


def normal(rows=N, columns=K):
    return RNG.standard_normal((rows, columns)) * 0.05


def stream(codes, bits):
    """Codes [.., n] as one stream of bits a line, the lowest bits first: int32 [.., words]."""
    *lead, count = codes.shape
    planes = (codes[..., None].astype(np.uint8) >> np.arange(bits)) & 1
    planes = planes.reshape(*lead, count * bits).astype(np.uint8)
    padded = np.zeros((*lead, -(-count * bits // 32) * 32), np.uint8)
    padded[..., : count * bits] = planes
    return np.packbits(padded, axis=-1, bitorder="little").view(np.int32)


def by_group(weights, group):
    """Each column's group."""
    return np.arange(weights.shape[1]) // group


def symmetric(bits, group, dtype, rows=N, columns=K):
    """(codes 0 .. 2^bits - 1 around 2^(bits - 1), scales [rows, groups], weights)"""
    w = normal(rows, columns)
    groups = -(-columns // group)
    of = by_group(w, group)
    top = np.array([np.abs(w[:, of == g]).max(1) for g in range(groups)]).T / (2 ** (bits - 1) - 0.5)
    scales = top.astype(dtype)
    steps = scales.astype(np.float64)[:, of]
    codes = np.clip(np.rint(w / steps) + 2 ** (bits - 1), 0, 2**bits - 1).astype(np.uint8)
    return codes, scales, steps * (codes.astype(np.float64) - 2 ** (bits - 1))


def asymmetric(bits, group, dtype, rows=N, columns=K):
    """(codes, scales, zero points 1 .. 2^bits - 1, weights)"""
    w = normal(rows, columns)
    groups = -(-columns // group)
    of = by_group(w, group)
    low = np.array([w[:, of == g].min(1) for g in range(groups)]).T
    high = np.array([w[:, of == g].max(1) for g in range(groups)]).T
    scales = ((high - low) / (2**bits - 1)).astype(dtype)
    steps = scales.astype(np.float64)
    zeros = np.clip(np.rint(-low / steps), 1, 2**bits - 1).astype(np.uint8)
    codes = np.clip(np.rint(w / steps[:, of]) + zeros[:, of], 0, 2**bits - 1).astype(np.uint8)
    return codes, scales, zeros, steps[:, of] * (codes.astype(np.float64) - zeros[:, of])


def save(tensors, config=None, layer="fc"):
    """A file with these tensors of a layer, and what lies beside it; its name."""
    save_safetensors(FOLDER / "model.safetensors", {f"{layer}.{name}": a for name, a in tensors.items()})
    (FOLDER / "config.json").unlink(missing_ok=True)
    if config is not None:
        (FOLDER / "config.json").write_text(json.dumps({"quantization_config": config}))
    return "model.safetensors"


def words(array):
    return np.ascontiguousarray(array)


# ---- GPTQ and AWQ ----


def gptq(codes, zeros, scales, bits, version=1):
    stored = zeros - (1 if version == 1 else 0)
    return {"qweight": words(stream(codes, bits).T), "qzeros": stream(stored.T, bits), "scales": words(scales.T)}


def gptq_config(bits, group, version=1, **more):
    return {"quant_method": "gptq", "bits": bits, "group_size": group,
            "checkpoint_format": "gptq" if version == 1 else "gptq_v2", **more}


SCALES = {"F16": np.float16, "BF16": ml.bfloat16, "F32": np.float32}


def check_gptq():
    for bits in (2, 3, 4, 8):
        for version in (1, 2):
            codes, scales, zeros, weights = asymmetric(bits, GROUP, np.float16)
            path = save(gptq(codes, zeros, scales, bits, version), gptq_config(bits, GROUP, version, sym=False))
            corpus.opens("GPTQModel", f"GPTQ v{version}, {bits} bits, asymmetric", "config.json, scales F16", path, "fc",
                         weights, "numpy")
    for text in ("BF16", "F32"):
        codes, scales, zeros, weights = asymmetric(4, GROUP, SCALES[text])
        path = save(gptq(codes, zeros, scales, 4), gptq_config(4, GROUP))
        corpus.opens("GPTQModel", "GPTQ v1, 4 bits, asymmetric", f"config.json, scales {text}", path, "fc", weights, "numpy")


def check_gptq_versions():
    """Which version it is, without a word beside it: seen from symmetric codes and from few bits, not from 8."""
    for version in (1, 2):
        codes, scales, zeros, weights = asymmetric(8, GROUP, np.float16)
        path = save(gptq(codes, zeros, scales, 8, version))
        corpus.refuses("GPTQModel", f"GPTQ v{version}, 8 bits, asymmetric", "nothing beside it", path, "fc", K, "may be")
        name = "gptq" if version == 1 else "gptq_v2"
        corpus.opens("GPTQModel", f"GPTQ v{version}, 8 bits, asymmetric", "nothing beside it", path, "fc", weights, "numpy",
                     rule=f"uint_g(bits = 8, group = {GROUP}), layout = {name}")
        codes, scales, weights = symmetric(8, GROUP, np.float16)
        path = save(gptq(codes, np.full((N, K // GROUP), 128, np.uint8), scales, 8, version))
        corpus.opens("GPTQModel", f"GPTQ v{version}, 8 bits, symmetric", "nothing beside it", path, "fc", weights, "numpy")
    codes, scales, weights = symmetric(4, GROUP, np.float16)
    path = save(gptq(codes, np.full((N, K // GROUP), 8, np.uint8), scales, 4, 2), gptq_config(4, GROUP, 1))
    corpus.refuses("GPTQModel 5", "GPTQ v2 called v1, 4 bits", "config.json: checkpoint_format gptq", path, "fc", K,
                   "may be")


def awq(codes, zeros, scales):
    order = np.array([0, 2, 4, 6, 1, 3, 5, 7])
    pack = lambda a: stream(a.reshape(-1, a.shape[1] // 8, 8)[..., order].reshape(a.shape), 4)
    return {"qweight": pack(codes.T), "qzeros": pack(zeros.T), "scales": words(scales.T)}


def awq_config(group):
    return {"quant_method": "awq", "bits": 4, "group_size": group, "version": "gemm", "zero_point": True}


def check_awq():
    for text, dtype in SCALES.items():
        codes, scales, zeros, weights = asymmetric(4, GROUP, dtype)
        path = save(awq(codes, zeros, scales), awq_config(GROUP))
        corpus.opens("AutoAWQ", "AWQ GEMM, 4 bits", f"config.json, scales {text}", path, "fc", weights, "numpy")


def check_last_group():
    """500 columns in groups of 128: four groups, as 125 would make them; only what lies beside the tensors tells."""
    codes, scales, zeros, weights = asymmetric(4, 128, np.float16, columns=500)
    what, parts = "GPTQ v1, 4 bits, K = 500, groups of 128", gptq(codes, zeros, scales, 4)
    listed = {**parts, "g_idx": (np.arange(500) // 128).astype(np.int32)}
    corpus.opens("GPTQModel", what, "g_idx", save(listed), "fc", weights, "numpy")
    corpus.opens("GPTQModel", what, "config.json", save(parts, gptq_config(4, 128)), "fc", weights, "numpy", converts=False)
    status, _, said = corpus.call("convert", "model.safetensors", "--to", "f32", "-o", "f32.safetensors")
    if status != 1 or "nothing says how many" not in said:
        corpus.fail(what, f"is converted, though K may be 497 to 504: {said}")
    corpus.refuses("GPTQModel", what, "nothing beside it", save(parts), "fc", 500, "may be")
    corpus.opens("GPTQModel", what, "nothing beside it", save(parts), "fc", weights, "numpy",
                 rule="int4_g(group = 128), layout = gptq")
    corpus.opens("AutoAWQ", "AWQ GEMM, 4 bits, K = 500, groups of 128", "config.json",
                 save(awq(codes, zeros, scales), awq_config(128)), "fc", weights, "numpy")
    codes, scales, weights = symmetric(4, 128, np.float16, columns=500)
    parts = {"weight_packed": stream(codes, 4), "weight_scale": scales, "weight_shape": shape_of(weights)}
    corpus.opens("compressed-tensors", "W4A16, K = 500, groups of 128", "config.json", save(parts, ct_config(4, 128)), "fc",
                 weights, "numpy")
    corpus.refuses("compressed-tensors", "W4A16, K = 500, groups of 128", "nothing beside it", save(parts), "fc", 500,
                   "may be")
    corpus.opens("compressed-tensors", "W4A16, K = 500, groups of 128", "nothing beside it", save(parts), "fc", weights,
                 "numpy", rule="int_g(bits = 4, group = 128), layout = pack_quantized")
    codes, scales, weights = fp8(rows=128, columns=128, shape=(200, 200))
    parts = {"weight": codes, "weight_scale_inv": scales}
    config = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}
    opens_fp8("DeepSeek", "FP8 E4M3, 200 x 200 in tiles of 128 x 128", "config.json", parts, weights, config)
    corpus.refuses("DeepSeek", "FP8 E4M3, 200 x 200 in tiles of 128 x 128", "nothing beside it", save(parts), "fc", 200,
                   "may be")


def check_own():
    """What qcc writes in a layout of others says what it is, where sizes and numbers would not."""
    save({"weight": normal(64, 500).astype(np.float32)})
    for scheme, layout in (("int4_g(group = 125)", "gptq_v2"), ("uint_g(bits = 8, group = 128)", "gptq_v2")):
        status, _, said = corpus.call("convert", "model.safetensors", "--to", scheme, "--layout", layout, "-o", "own.safetensors")
        assert status == 0, said
        status, _, said = corpus.call("convert", "own.safetensors", "--to", scheme, "--exact", "-o", "fields.safetensors")
        expected, said = corpus.run("fields.safetensors", "fc", 500, "")
        if expected is None:
            corpus.fail(f"qcc, {scheme}", said)
        else:
            corpus.opens("qcc convert", scheme, f"--layout {layout}", "own.safetensors", "fc", expected.astype(np.float64),
                         "its own fields")


# ---- compressed-tensors ----


def ct_config(bits, group, kind="int", format="pack-quantized", symmetric=True):
    strategy = {"strategy": "group", "group_size": group} if group > 0 else {"strategy": "channel"}
    weights = {"num_bits": bits, "type": kind, "symmetric": symmetric, **strategy}
    return {"quant_method": "compressed-tensors", "format": format,
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}}}


def shape_of(weights):
    return np.array(weights.shape, np.int64)


def check_compressed_tensors():
    for text, dtype in SCALES.items():
        for what, bits, group in (("groups of 64", 4, GROUP), ("per channel", 4, K), ("groups of 64", 8, GROUP)):
            codes, scales, weights = symmetric(bits, group, dtype)
            path = save({"weight_packed": stream(codes, bits), "weight_scale": scales, "weight_shape": shape_of(weights)},
                        ct_config(bits, group if group < K else -1))
            corpus.opens("compressed-tensors", f"W{bits}A16, symmetric, {what}", f"config.json, scales {text}", path, "fc",
                         weights, "numpy")
        codes, scales, zeros, weights = asymmetric(4, GROUP, dtype)
        path = save({"weight_packed": stream(codes, 4), "weight_scale": scales, "weight_shape": shape_of(weights),
                     "weight_zero_point": words(stream(zeros.T, 4).T)}, ct_config(4, GROUP, symmetric=False))
        corpus.opens("compressed-tensors", "W4A16, asymmetric, groups of 64", f"config.json, scales {text}", path, "fc",
                     weights, "numpy")
    codes, scales, weights = symmetric(8, K, np.float32)
    path = save({"weight": (codes.astype(np.int16) - 128).astype(np.int8), "weight_scale": scales})
    corpus.opens("compressed-tensors", "W8A8, per channel", "scales F32 [N, 1]", path, "fc", weights, "numpy")


# ---- HQQ ----


def check_hqq():
    for text, dtype in SCALES.items():
        codes, scales, zeros, _ = asymmetric(4, GROUP, np.float32)
        scales, zeros = scales.astype(dtype), (zeros + RNG.random(zeros.shape)).astype(dtype)
        of = np.arange(K) // GROUP
        weights = scales.astype(np.float64)[:, of] * (codes - zeros.astype(np.float64)[:, of])
        rows = codes.reshape(-1, GROUP)
        half = len(rows) // 2
        path = save({"W_q": rows[:half] << 4 | rows[half:], "scale": scales.reshape(-1, 1), "zero": zeros.reshape(-1, 1),
                     "shape": shape_of(weights)})
        corpus.opens("HQQ", "4 bits, groups of 64", f"scales and zeros {text}", path, "fc", weights, "numpy")


def check_hqq_columns():
    """Groups of rows (axis 0) lie in other places: no layout has them, and none is taken for them."""
    codes, scales, zeros, weights = asymmetric(4, GROUP, np.float16)
    rows = codes.reshape(GROUP, -1)
    path = save({"W_q": rows[: GROUP // 2] << 4 | rows[GROUP // 2 :], "scale": scales.reshape(1, -1), "zero": scales.reshape(1, -1),
                 "shape": shape_of(weights)})
    corpus.refuses("HQQ", "4 bits, groups of 64", "axis 0", path, "fc", K, "fc.weight")


# ---- MLX ----


def check_mlx():
    """As mx.quantize packs a row: one stream of bits; scale * code + bias."""
    for bits in (2, 3, 4, 5, 6, 8):
        for group, text in (64, "BF16"), (32, "F16"), (128, "F32"):
            codes, scales, zeros, _ = asymmetric(bits, group, SCALES[text])
            biases = (-scales.astype(np.float64) * zeros).astype(SCALES[text])
            of = np.arange(K) // group
            weights = scales.astype(np.float64)[:, of] * codes + biases.astype(np.float64)[:, of]
            path = save({"weight": stream(codes, bits).view(np.uint32), "scales": scales, "biases": biases})
            (FOLDER / "config.json").write_text(json.dumps({"quantization": {"group_size": group, "bits": bits}}))
            corpus.opens("MLX", f"affine, {bits} bits, groups of {group}", f"config.json, scales {text}", path, "fc", weights,
                         "numpy")


def check_mlx_microscaling():
    for mode, dtype, columns in ("mxfp4", ml.float4_e2m1fn, 8), ("mxfp8", E4M3, 4):
        w = normal()
        powers = np.floor(np.log2(np.abs(w.reshape(N, -1, 32)).max(2))) - (2 if columns == 8 else 7)
        numbers = (w / np.repeat(np.exp2(powers), 32, axis=1)).astype(dtype)
        raw = numbers.view(np.uint8)
        raw = raw[:, ::2] | raw[:, 1::2] << 4 if columns == 8 else raw
        path = save({"weight": words(raw).view(np.uint32), "scales": (powers + 127).astype(np.uint8)})
        (FOLDER / "config.json").write_text(json.dumps({"quantization": {"group_size": 32, "bits": 32 // columns, "mode": mode}}))
        corpus.opens("MLX", mode, "config.json", path, "fc", numbers.astype(np.float64) * np.repeat(np.exp2(powers), 32, axis=1),
                     "ml_dtypes")


# ---- FP8 ----

E4M3, E5M2 = ml.float8_e4m3fn, ml.float8_e5m2


def fp8(dtype=E4M3, scale=np.float32, rows=1, columns=K, shape=(N, K)):
    """(codes, scales of tiles of rows x columns, weights)"""
    w = normal(*shape)
    r, c = np.arange(shape[0]) // rows, np.arange(shape[1]) // columns
    top = np.zeros((r[-1] + 1, c[-1] + 1))
    np.maximum.at(top, (r[:, None], c[None, :]), np.abs(w))
    scales = (top / float(ml.finfo(dtype).max)).astype(scale)
    steps = scales.astype(np.float64)[r][:, c]
    with np.errstate(over="ignore"):
        codes = np.clip(w / steps, -float(ml.finfo(dtype).max), float(ml.finfo(dtype).max)).astype(dtype)
    return codes, scales, codes.astype(np.float64) * steps


def opens_fp8(writer, what, file, tensors, weights, config=None):
    corpus.opens(writer, what, file, save(tensors, config), "fc", weights, "ml_dtypes")


def check_fp8_tensor():
    """One scale: any type, of any number of dimensions, under the names of several writers."""
    names = {"compressed-tensors": "weight_scale", "ComfyUI": "scale_weight", "Mistral": "qscale_weight",
             "vLLM": "weight_scale_inv"}
    for (writer, name), (text, dtype), shape in zip(names.items(), [*SCALES.items(), ("F32", np.float32)],
                                                    [(), (1,), (1, 1), (1,)]):
        codes, scales, weights = fp8(scale=dtype, rows=N)
        opens_fp8(writer, "FP8 E4M3, one scale", f"{name} {text} {list(shape)}",
                  {"weight": codes, name: scales.reshape(shape)}, weights)
    codes, scales, weights = fp8(scale=np.float32, rows=N)
    one = np.ones((), np.float32)
    opens_fp8("compressed-tensors", "FP8 E4M3, static activations", "weight_scale and input_scale F32 []",
              {"weight": codes, "weight_scale": scales.reshape(()), "input_scale": one}, weights)


def check_fp8_row():
    for (text, dtype), shapes in zip(SCALES.items(), [[(N,)], [(1, N)], [(N, 1), (1, N)]]):
        for shape in shapes:
            codes, scales, weights = fp8(scale=dtype)
            opens_fp8("compressed-tensors", "FP8-dynamic E4M3, per channel", f"weight_scale {text} {list(shape)}",
                      {"weight": codes, "weight_scale": scales.reshape(shape)}, weights)
    codes, scales, weights = fp8(E5M2)
    opens_fp8("compressed-tensors", "FP8 E5M2, per channel", "weight_scale F32 [N, 1]",
              {"weight": codes, "weight_scale": scales}, weights)


def check_fnuz():
    for dtype in (ml.float8_e4m3fnuz, ml.float8_e5m2fnuz):
        codes = normal().astype(dtype)
        opens_fp8("torch", f"FP8 {dtype.__name__[7:].upper()}", "no scale", {"weight": codes}, codes.astype(np.float64))
    codes, scales, weights = fp8(ml.float8_e4m3fnuz)
    opens_fp8("Quark", "FP8 E4M3FNUZ, per channel", "weight_scale F32 [N, 1]", {"weight": codes, "weight_scale": scales},
              weights)
    codes, scales, weights = fp8(ml.float8_e4m3fnuz, rows=N)
    opens_fp8("Quark", "FP8 E4M3FNUZ, one scale", "weight_scale F32 []",
              {"weight": codes, "weight_scale": scales.reshape(())}, weights)


def check_fp8_block():
    for text, dtype in SCALES.items():
        codes, scales, weights = fp8(scale=dtype, rows=32, columns=64)
        opens_fp8("DeepSeek", "FP8 E4M3, tiles", f"weight_scale_inv {text} [2, 4]",
                  {"weight": codes, "weight_scale_inv": scales}, weights)
    codes, scales, weights = fp8(scale=ml.float8_e8m0fnu, rows=32, columns=64)
    opens_fp8("DeepSeek", "FP8 E4M3, tiles", "weight_scale_inv F8_E8M0 [2, 4]",
              {"weight": codes, "weight_scale_inv": scales}, weights)


def check_mx():
    for name in ("weight_scale", "weight_scale_inv"):
        for dtype, kind in ((E4M3, "MXFP8 E4M3"), (E5M2, "MXFP8 E5M2")):
            codes, scales, weights = fp8(dtype, ml.float8_e8m0fnu, columns=32)
            opens_fp8("torchao", kind, f"{name} F8_E8M0", {"weight": codes, name: scales}, weights)
            opens_fp8("vLLM", kind, f"{name} U8", {"weight": codes, name: scales.view(np.uint8)}, weights)


def fp4(columns, scale, top=6.0, shape=(N, K)):
    """(codes as E2M1, scales, weights without a factor for all)"""
    w = normal(*shape)
    groups = w.reshape(shape[0], -1, columns)
    scales = (np.abs(groups).max(2) / top).astype(scale)
    steps = np.repeat(scales.astype(np.float64), columns, 1)
    codes = np.clip(w / steps, -top, top).astype(ml.float4_e2m1fn)
    return codes, scales, codes.astype(np.float64) * steps


def halves(codes):
    """Two codes a byte, the first one in the lower half."""
    raw = codes.view(np.uint8)
    return raw[..., 0::2] | raw[..., 1::2] << 4


def check_fp4():
    one = np.array([0.37], np.float32)
    codes, scales, weights = fp4(16, E4M3)
    for shape in ((), (1,)):
        opens_fp8("Model Optimizer", "NVFP4, W4A4", f"weight_scale_2 and input_scale F32 {list(shape)}",
                  {"weight": halves(codes), "weight_scale": scales, "weight_scale_2": one.reshape(shape),
                   "input_scale": one.reshape(shape)}, weights * float(one[0]))
    opens_fp8("compressed-tensors", "NVFP4, W4A4", "weight_global_scale and input_global_scale F32 [1]",
              {"weight_packed": halves(codes), "weight_scale": scales, "weight_global_scale": one,
               "input_global_scale": one}, weights / float(one[0]))
    codes, scales, weights = fp4(32, ml.float8_e8m0fnu)
    for dtype in (np.uint8, ml.float8_e8m0fnu):
        text = "U8" if dtype == np.uint8 else "F8_E8M0"
        opens_fp8("compressed-tensors", "MXFP4", f"weight_packed, weight_scale {text}",
                  {"weight_packed": halves(codes), "weight_scale": scales.view(dtype)}, weights)
        opens_fp8("Quark", "MXFP4", f"weight U8, weight_scale {text}",
                  {"weight": halves(codes), "weight_scale": scales.view(dtype)}, weights)
    blocks = halves(codes).reshape(4, N // 4, K // 32, 16)
    save_safetensors(FOLDER / "model.safetensors", {"fc_blocks": blocks, "fc_scales": scales.view(np.uint8).reshape(4, N // 4, -1)})
    corpus.opens("gpt-oss", "MXFP4, 4 experts", "_blocks U8 [E, rows, K / 32, 16], _scales U8", "model.safetensors", "fc",
                 weights, "ml_dtypes")


def check_experts():
    codes, scales, weights = fp8()
    opens_fp8("Llama 4", "FP8 E4M3, 4 experts", "weight [E, rows, K], weight_scale F32 [E, rows, 1]",
              {"weight": codes.reshape(4, N // 4, K), "weight_scale": scales.reshape(4, N // 4, 1)}, weights)


def check_not_guessed():
    """Something that changes what weights mean, and that no layout explains, is never left out."""
    codes, scales, _ = fp8()
    for name, array in (("weight_scale", np.zeros((3, 5), np.float32)), ("weight_zero_point", np.zeros(7, np.int8)),
                        ("pre_quant_scale", np.ones(K, np.float32)), ("input_scale", np.ones(K, np.float32)),
                        ("perm", np.arange(K, dtype=np.int32)), ("weight.codebook", np.ones(9, np.float32))):
        kind, weight = ("F8_E4M3", codes) if "scale" in name else ("BF16", normal().astype(ml.bfloat16))
        path = save({"weight": weight, name: array})
        corpus.refuses("(none)", f"{kind} weights", f"{name} {list(array.shape)}, which nothing explains", path, "fc", K,
                       "changes what it means")


def check_no_scales():
    """Floats of a byte have a scale, whatever its name; what looks like text at its begin may be one, too."""
    codes, scales, _ = fp8()
    powers = np.full(N, 120, np.uint8)
    powers[[0, -1]] = ord("{"), ord("}")
    for name, array in (("SCB", scales), ("weight_s", scales[:1]), ("zp", np.zeros(2, np.int8)), ("amax", powers)):
        path = save({"weight": codes, name: array})
        corpus.refuses("(none)", "F8_E4M3 weights", f"{name} {list(array.shape)}, which nothing explains", path, "fc", K,
                       "which may be its scale")
    path = save({"weight": codes, "absmax": powers})
    corpus.refuses("(none)", "F8_E4M3 weights", f"absmax U8 {list(powers.shape)}, which nothing explains", path, "fc", K,
                   "changes what it means")


def check_few_weights():
    """Where a matrix is nearly all scale, what a scale is widened to when it is read counts for nothing."""
    scale = np.full(1, 0.5, ml.bfloat16)
    for rows in (2, 4):
        codes = np.array([100, -70, 33, -128], np.int8)[:rows, None]
        corpus.opens("compressed-tensors", "INT8, one scale", f"weight [{rows}, 1], weight_scale BF16 [1]",
                     save({"weight": codes, "weight_scale": scale}), "fc", codes * 0.5, "numpy")


def check_signed_bytes():
    """I8 is never FP8 by itself, though the layouts for U8 have no others of this name."""
    codes, scales, weights = fp8()
    path = save({"weight": codes.view(np.int8), "weight_scale_inv": scales})
    corpus.refuses("(none)", "I8 weights", "weight_scale_inv F32 [N, 1]", path, "fc", K, "changes what it means")
    corpus.opens("(none)", "FP8 E4M3 in I8", "weight_scale_inv F32 [N, 1]", path, "fc", weights, "ml_dtypes",
                 rule="fp8_row, layout = weight_scale_inv")


def check_block_bytes():
    """Blocks as GGUF has them, in a file that does not know of blocks: a rule names the layout."""
    raw = gguf.quants.quantize(normal().astype(np.float32), gguf.GGMLQuantizationType.Q4_0)
    weights = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType.Q4_0).astype(np.float64)
    corpus.opens("(none)", "q4_0 blocks in safetensors", "weight U8 [N, bytes]", save({"weight": raw}), "fc", weights, "gguf",
                 rule="q4_0, layout = gguf")


WIDTHS = """scheme widths(bits = 4, group = 32) {
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : f32 per group;
  value = scale * (code - middle);
  layout bytes {
    tensor codes : u8[N, K];
    tensor steps : f32[N, K / group];
    code[n, k]  = codes[n, k];
    scale[n, g] = steps[n, g];
  }
}
"""


def check_widths():
    """Codes of 3 bits in bytes, of a format that is declared here: nothing says that they are not of 4 or 8."""
    codes, scales, weights = symmetric(3, 32, np.float32)
    save({"codes": codes, "steps": scales})
    (FOLDER / "widths.q").write_text(WIDTHS)
    (FOLDER / "m.q").write_text(f'include "widths.q";\nmodel m {{\n  weights "model.safetensors";\n  dim batch <= {K};\n'
                                f'  input x : f32[batch, {K}];\n  output y = linear(x, "fc", bias = none);\n}}\n')
    status, _, said = corpus.call("m.q", "--emit=ir")
    if status != 1 or "bits=3" not in said or "bits=8" not in said:
        corpus.fail("3 bits in bytes", f"are taken as one width: {said}")
    status, out, said = corpus.call("inspect", "--json", "-I", ".", "model.safetensors")
    if "widths(bits=4,group=32), layout = bytes" not in out:
        corpus.fail("3 bits in bytes", "inspect does not list the widths")
    (FOLDER / "config.json").write_text('{"quantization_config": {"bits": 3}}')
    status, out, said = corpus.call("m.q", "--emit=ir")
    if "widths(bits=3,group=32)" not in out:
        corpus.fail("3 bits in bytes", f"are not what config.json says: {said}")


def check_written_bytes():
    """Codes of less than 8 bits that qcc writes in signed bytes are whole numbers there."""
    save({"weight": normal().astype(np.float32)})
    corpus.call("convert", "model.safetensors", "--to", "int_g(bits = 4, group = 64)", "--layout", "int_quantized", "-o",
                "bytes.safetensors")
    tensors = load_safetensors(FOLDER / "bytes.safetensors")
    weights = tensors["fc.weight"] * np.repeat(tensors["fc.weight_scale"].astype(np.float64), GROUP, 1)
    corpus.opens("qcc convert", "int_g(bits = 4, group = 64)", "--layout int_quantized", "bytes.safetensors", "fc", weights,
                 "numpy")


# ---- what inspect says and what compiling does ----

SLOW = ("aqlm", "aqlm_2x8", "e8p", "fp4_double", "int2_1", "nf4_double", "rvq", "vptq")  # to encode
SCHEMES = pathlib.Path(__file__).resolve().parents[2] / "schemes"


def tensor_layouts():
    """(scheme, layout) of all layouts of separate tensors."""
    for path in sorted(SCHEMES.glob("*.q")):
        text = path.read_text(encoding="utf-8")
        for block in re.split(r"^  layout ", text, flags=re.M)[1:]:
            if "\n    tensor " in block:
                yield path.stem, re.match(r"\w+", block)[0]


def without_metadata(path):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size])
    header.pop("__metadata__", None)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + size :])


def is_drawn(layout):
    """A quick run draws every third (tests/sampling.h says what the variables mean)."""
    seed = os.environ.get("QCC_TEST_SEED", "1")
    return os.environ.get("QCC_TEST_FULL") == "1" or random.Random(f"{seed} {layout}").randrange(3) == 0


def check_verdicts():
    """Whatever a layer's tensors are: what inspect promises compiles, and as what it says; what has a problem does not. (The
    compiler knows the columns, and so may be certain where inspect lists alternatives.)"""
    rows, columns = 64, 256
    save({"weight": normal(rows, columns).astype(np.float32)})
    files = []
    drawn = [x for x in tensor_layouts() if x[0] not in SLOW and is_drawn(x)]
    for scheme, layout in drawn:
        file = f"verdict-{scheme}-{layout}.safetensors"
        status, _, _ = corpus.call("convert", "model.safetensors", "--to", scheme, "--layout", layout, "-o", file)
        if status == 0:
            without_metadata(FOLDER / file)
            files.append(file)
    status, out, said = corpus.call("inspect", "--json", *files)
    assert status == 0, said
    for file, report in zip(files, json.loads(out)):
        (FOLDER / "m.q").write_text(
            f'model m {{\n  weights "{file}";\n  dim batch <= 4;\n  input x : f32[batch, {columns}];\n'
            f'  output y = linear(x, "fc", bias = none);\n}}\n')
        status, out, said = corpus.call("m.q", "--emit=ir")
        line = {t["name"]: t for t in report["tensors"]}.get("fc") or report["tensors"][0]
        known = line["shape"] == [rows, columns]
        found = re.search(r'layer = "fc".* scheme = @?"?([^"]*?)"?, layout = "(\w+)"', out)
        same = found is None or (found[1], found[2]) == (line["scheme"], line["layout"])
        if known and line["exact"] and not line["alternatives"] and (status != 0 or not same):
            corpus.fail(file, f"inspect promises {line['scheme']}, {line['layout']}; {first_line(said)} {found and found.groups()}")
        if known and line["problem"] is not None and status == 0:
            corpus.fail(file, f"is compiled, but inspect says {line['problem']}")
        (FOLDER / file).unlink()
    print(f"QCC_TEST_SEED={os.environ.get('QCC_TEST_SEED', '1')}: {len(files)} of {len(drawn)} layouts: what inspect says and what compiling does")
    if len(files) < 0.6 * len(drawn):
        corpus.fail("verdicts", f"only {len(files)} layouts could be written")


def main():
    """Without groups all that add rows to the table; what some of them show is no table."""
    chosen, groups = sys.argv[4:], {n.removeprefix("check_"): f for n, f in globals().items() if n.startswith("check_")}
    for name, group in groups.items():
        if name in chosen or (not chosen and name != "verdicts"):
            group()
    return corpus.finish(whole=not chosen)


sys.exit(main())
