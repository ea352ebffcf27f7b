"""Codes for levels: fixed, learned, powers of two; and the fewest bits, as published files pack them. The weights are formed
in float64 in the order of the formats' formulas, from levels written here from their publications."""

import ml_dtypes
import numpy as np
from packings import random_codes, random_scales, spread, stream

from references import Case

REFERENCE = "packing in numpy"

# QLoRA (Dettmers et al., 2023), appendix E
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0],
               dtype=np.float32)
# sign, then 3 bits: 0, 1/192, 2/3, 1, 1/3, 1/2, 1/6, 1/4
FP4 = np.array([0, 0.0625, 8, 12, 4, 6, 2, 3, -0.0, -0.0625, -8, -12, -4, -6, -2, -3], dtype=np.float64) / 12
FP4 = FP4.astype(np.float32)


def high_first(codes):
    """Two codes a byte in the order of the flattened matrix, the first in the higher half."""
    flat = codes.reshape(-1).astype(np.uint8)
    flat = np.concatenate([flat, np.zeros(len(flat) % 2, dtype=np.uint8)])
    return ((flat[0::2] << 4) | flat[1::2]).reshape(-1, 1)


def bitsandbytes(rng):
    for levels, names in ((NF4, ("nf4_g", "nf4_double")), (FP4, ("fp4_g", "fp4_double"))):
        for rows, columns, group in ((5, 192, 64), (7, 128, 128), (300, 64, 64)):
            codes = random_codes(rng, 4, (rows, columns))
            level = levels[codes].astype(np.float64)
            count = rows * columns // group
            largest = random_scales(rng, np.float32, count)
            weights = spread(largest.reshape(rows, -1), group, columns) * level
            tensors = {"weight": high_first(codes), "absmax_": largest}
            yield Case(f"{names[0]}(group={group})", "bitsandbytes", tensors, weights, f"{rows} x {columns}")
            if names[0] == "nf4_g" and group == 64:
                yield Case("nf4", "bitsandbytes", tensors, weights, f"{rows} x {columns}")
            nested = rng.integers(0, 256, count, dtype=np.uint8)
            numbers = np.sort(rng.normal(size=256)).astype(np.float32)
            factors, mean = random_scales(rng, np.float32, -(-count // 256)), np.float32(rng.normal())
            each = numbers[nested].astype(np.float64) * np.repeat(factors.astype(np.float64), 256)[:count] + np.float64(mean)
            weights = level * np.repeat(each, group).reshape(rows, columns)
            tensors = {"weight": high_first(codes), "absmax_": nested, "factors": factors, "numbers": numbers,
                       "offset": np.array([mean])}
            yield Case(f"{names[1]}(group={group})", "bitsandbytes", tensors, weights, f"{rows} x {columns}")


def learned_levels(rng):
    rows, columns, group = 6, 75, 32
    for bits in range(1, 9):
        codes = random_codes(rng, bits, (rows, columns))
        packed = np.ascontiguousarray(stream(codes, bits).T)
        for scheme, shape in (("kmeans_tensor", (1,)), ("kmeans_row", (rows, 1)), ("kmeans_g", (rows, -(-columns // group)))):
            dtype = [np.float16, np.float32, ml_dtypes.bfloat16][bits % 3]
            table = random_scales(rng, dtype, shape + (1 << bits,))
            table = table.reshape([(1 << bits,), (rows, 1 << bits), table.shape][len(shape) - 1 + (scheme == "kmeans_g")])
            full = np.broadcast_to(table.astype(np.float64).reshape((shape + (1,))[:2] + (1 << bits,)), (rows, shape[-1] if len(shape) > 1 else 1, 1 << bits))
            at = np.arange(columns) // group if scheme == "kmeans_g" else np.zeros(columns, dtype=np.int64)
            weights = full[np.arange(rows)[:, None], at[None, :], codes]
            name = f"{scheme}(bits={bits},group={group})" if scheme == "kmeans_g" else f"{scheme}(bits={bits})"
            yield Case(name, "squeezellm", {"qweight": packed, "lookup_table": table}, weights, np.dtype(dtype).name)


def f16_bits(scales):
    return scales.view(np.uint16).astype(np.uint32)


def f32_bits(*numbers):
    return np.array(numbers, dtype=np.float32).view(np.uint32)


def fixed_levels(rng):
    rows, columns, group = 8, 100, 32
    tables = {
        "int2_nonuniform": [-1, -0.33, 0.33, 1],
        "int3_nonuniform": [-1, -0.72, -0.45, -0.23, 0, 0.23, 0.45, 0.72],
        "int4_nonuniform": sorted([s * x for x in (0.02, 0.05, 0.11, 0.23, 0.35, 0.55, 0.80, 1.0) for s in (1, -1)]),
    }
    for scheme, levels in tables.items():
        codes = rng.integers(0, len(levels), (rows, columns), dtype=np.uint32)
        scales = random_scales(rng, np.float16, (rows, -(-columns // group)))
        weights = spread(scales, group, columns) * np.array(levels, dtype=np.float32).astype(np.float64)[codes]
        yield Case(f"{scheme}(group={group})", "-", {"code": codes, "scale": f16_bits(scales)}, weights, "")
    for root in (1, 2, 3):
        codes = random_codes(rng, 4, (rows, columns))
        scales = random_scales(rng, np.float16, (rows, -(-columns // group)))
        below = codes & 7
        value = np.where(below == 0, 0.0, np.where(codes < 8, 1.0, -1.0) * np.exp2((1.0 - below) / root))
        yield Case(f"log_g(bits=4,group={group},root={root})", "-", {"code": codes, "scale": f16_bits(scales)},
                   spread(scales, group, columns) * value, f"root {root}")


def two_or_three_bits(rng):
    """INT2.1: groups of 2 or of 3 bits a weight, one after the other."""
    narrow, wide = np.float32([-1, -0.3, 0.3, 1]), np.float32([-1, -0.73, -0.47, -0.24, 0.24, 0.47, 0.73, 1])
    for rows, columns, group in ((6, 128, 32), (1, 64, 64), (9, 80, 16)):
        count = rows * columns // group
        flags = rng.integers(0, 2, count, dtype=np.uint8)
        codes = rng.integers(0, 8, (count, group), dtype=np.uint32) & np.where(flags, 7, 3)[:, None].astype(np.uint32)
        bits = np.concatenate([(c[:, None] >> np.arange(2 + f) & 1).reshape(-1) for c, f in zip(codes, flags)])
        scales = random_scales(rng, np.float16, (rows, columns // group))
        levels = np.where(flags[:, None], wide[codes], narrow[codes & 3]).reshape(rows, columns).astype(np.float64)
        tensors = {"codes": np.packbits(bits.astype(np.uint8), bitorder="little"),
                   "flags": np.packbits(flags, bitorder="little"), "scales": scales}
        yield Case(f"int2_1(group={group})", "packed", tensors, spread(scales, group, columns) * levels, f"{rows} x {columns}")
        short = tensors | {"codes": tensors["codes"][:-1]}
        yield Case(f"int2_1(group={group})", "packed", short, levels, "a byte too short", refused="of dimension 0 of 'codes'")


def few_levels(rng):
    rows, columns = 7, 66
    for bits in range(1, 9):
        codes = random_codes(rng, bits, (rows, columns))
        for a in random_scales(rng, np.float32, 3):
            top = (1 << bits) - 1
            yield Case(f"dorefa(bits={bits})", "-", {"code": codes, "a": f32_bits(a)},
                       np.float64(a) / top * (2.0 * codes - top), f"{a}")
            if bits > 1:
                signed = codes.astype(np.int64) - (codes >> (bits - 1)).astype(np.int64) * (1 << bits)
                yield Case(f"lsq(bits={bits})", "-", {"code": codes, "step": f32_bits(a)}, np.float64(a) * signed, f"{a}")
                yield Case(f"lsq_plus(bits={bits})", "-", {"code": codes, "step": f32_bits(a), "offset": f32_bits(0.3)},
                           np.float64(a) * signed + np.float64(np.float32(0.3)), f"{a}")
    codes = rng.integers(0, 3, (rows, columns), dtype=np.uint32)
    yield Case("ttq", "-", {"code": codes, "positive": f32_bits(0.7), "negative": f32_bits(0.4)},
               np.select([codes == 0, codes == 1], [-np.float64(np.float32(0.4)), 0.0], np.float64(np.float32(0.7))), "")


def signs(rng):
    rows, columns, group = 9, 77, 32
    codes = random_codes(rng, 1, (rows, columns)).astype(np.uint8)
    for layout, order in (("low_first", "little"), ("high_first", "big")):
        packed, scales = np.packbits(codes, axis=-1, bitorder=order), random_scales(rng, np.float32, rows)
        yield Case("binary", layout, {"weight": packed, "scales": scales},
                   scales.astype(np.float64)[:, None] * (2.0 * codes - 1), order)
    scales = random_scales(rng, np.float16, (rows, -(-columns // group)))
    yield Case(f"binary_g(group={group})", "low_first", {"weight": np.packbits(codes, axis=-1, bitorder="little"), "scales": scales},
               spread(scales, group, columns) * (2.0 * codes - 1), "")


def base3(trits):
    """Five trits a byte, the first the lowest digit."""
    padded = np.zeros((trits.shape[0], -(-trits.shape[1] // 5) * 5), dtype=np.int64)
    padded[:, : trits.shape[1]] = trits
    return (padded.reshape(trits.shape[0], -1, 5) * 3 ** np.arange(5)).sum(axis=-1).astype(np.uint8)


def quarters(trits):
    """Four rows of a byte are a quarter of the matrix apart."""
    step = -(-trits.shape[0] // 4)
    packed = np.zeros((step, trits.shape[1]), dtype=np.uint8)
    for i in range(4):
        part = trits[i * step : (i + 1) * step].astype(np.uint8)
        packed[: len(part)] |= part << (2 * i)
    return packed


def interleaved(trits, length):
    """I2_S of bitnet.cpp: a byte has four weights that are a quarter of `length` apart, the first in the highest bits."""
    parts = trits.reshape(-1, 4, length // 4).astype(np.uint8)
    return (parts[:, 0] << 6 | parts[:, 1] << 4 | parts[:, 2] << 2 | parts[:, 3]).reshape(-1)


def ternary(rng):
    for rows, columns in ((8, 128), (13, 64), (3, 77)):
        trits = rng.integers(0, 3, (rows, columns), dtype=np.uint32)
        value = trits.astype(np.float64) - 1
        scales = random_scales(rng, np.float16, rows)
        weights = scales.astype(np.float64)[:, None] * value
        yield Case("ternary", "two_bits", {"weight": stream(trits, 2, 8), "scales": scales}, weights, f"{rows} x {columns}")
        yield Case("ternary", "base3", {"weight": base3(trits), "scales": scales}, weights, f"{rows} x {columns}")
        for scale in random_scales(rng, ml_dtypes.bfloat16, 4):
            tensors = {"weight": quarters(trits), "weight_scale": np.array([scale])}
            yield Case("bitnet", "transformers", tensors, np.float64(scale) * value, f"{rows} x {columns}")
            yield Case("bitnet_divided", "transformers", tensors, value / np.float64(scale), f"{rows} x {columns}")
            yield Case("bitnet", "base3", {"weight": base3(trits), "weight_scale": np.array([scale])}, np.float64(scale) * value, "")
        for layout, length in (("i2_s_x86", 128), ("i2_s_arm", 64)):
            if trits.size % length == 0:
                tail = np.concatenate([np.float32([0.37]).view(np.uint8), np.zeros(28, dtype=np.uint8)])
                yield Case("bitnet", layout, {"weight": np.concatenate([interleaved(trits, length), tail])},
                           np.float64(np.float32(0.37)) * value, f"{rows} x {columns}")


def cases(rng):
    with np.errstate(all="ignore"):
        for part in (bitsandbytes, learned_levels, fixed_levels, two_or_three_bits, few_levels, signs, ternary):
            yield from part(rng)
