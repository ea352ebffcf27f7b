"""Formats that change the input or output of their layer, in plain numpy: the weights that the layer has."""

import numpy as np
from packings import down, random_codes, random_scales, spread, stream

from references import Case

REFERENCE = "numpy"


def act_order(rng, layout, bits, group, rows, columns):
    """GPTQ with g_idx: every column says its group; codes lie as the columns come."""
    groups = -(-columns // group)
    g_idx = rng.permutation(np.arange(columns) // group).astype(np.int32)
    codes = random_codes(rng, bits, (columns, rows))
    zeros = rng.integers(1, 1 << bits, (groups, rows), dtype=np.uint32)
    scales = random_scales(rng, np.float16, (groups, rows))
    tensors = {
        "qweight": down(stream, codes, bits),
        "qzeros": stream(zeros - (layout == "gptq"), bits),
        "scales": scales,
        "g_idx": g_idx,
    }
    weights = scales[g_idx].astype(np.float64) * (codes.astype(np.float64) - zeros[g_idx])
    return Case(f"uint_g_order(bits={bits},group={group})", layout, tensors, weights.T, f"{bits} bits, groups of {group}")


def hadamard(block):
    matrix = np.ones((1, 1))
    while len(matrix) < block:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix / np.sqrt(block)


def turned(rng, group, block, rows, columns):
    """Blocks of 64 or 256: the matrix holds powers of two, so that all sums are exact."""
    codes = random_codes(rng, 4, (rows, columns))
    scales = rng.normal(size=(rows, -(-columns // group))).astype(np.float16)
    fields = {"code": codes.ravel(), "scale": scales.view(np.uint16).astype(np.uint32).ravel()}
    k = np.arange(columns)
    signs = 1 - 2 * (k * 0x9E3779B1 >> 16 & 1)
    values = spread(scales, group, columns) * (codes.astype(np.float64) - 8)
    weights = (values.reshape(rows, -1, block) @ hadamard(block)).reshape(rows, columns) * signs
    return Case(f"int4_h(group={group},block={block})", "-", fields, weights, f"blocks of {block}")


def smooth(rng, rows, columns):
    codes = rng.integers(-128, 128, (rows, columns), dtype=np.int8)
    scales = rng.normal(size=rows).astype(np.float32)
    factors = np.exp(rng.normal(size=columns)).astype(np.float32)
    fields = {
        "code": codes.view(np.uint8).astype(np.uint32).ravel(),
        "scale": scales.view(np.uint32),
        "smooth": factors.view(np.uint32),
    }
    weights = scales[:, None].astype(np.float64) * codes / factors.astype(np.float64)
    return Case("int8_smooth", "-", fields, weights, "factors")


def smooth_groups(rng, group, rows, columns):
    codes = random_codes(rng, 4, (rows, columns))
    groups = -(-columns // group)
    scales = rng.normal(size=(rows, groups)).astype(np.float16)
    zeros = random_codes(rng, 4, (rows, groups))
    factors = np.exp(rng.normal(size=columns)).astype(np.float16)
    fields = {
        "code": codes.ravel(),
        "scale": scales.view(np.uint16).astype(np.uint32).ravel(),
        "zero": zeros.ravel(),
        "smooth": factors.view(np.uint16).astype(np.uint32),
    }
    values = spread(scales, group, columns) * (codes.astype(np.float64) - spread(zeros, group, columns))
    return Case(f"int4_smooth(group={group})", "-", fields, values / factors.astype(np.float64), f"groups of {group}")


def cases(rng):
    for layout in ("gptq", "gptq_v2"):
        for bits in (2, 3, 4, 8):
            yield act_order(rng, layout, bits, 32, 32, 256)
        yield act_order(rng, layout, 4, 128, 64, 320)
    for group, block, columns in ((32, 64, 192), (32, 256, 256), (128, 64, 320)):
        yield turned(rng, group, block, 9, columns)
    yield smooth(rng, 7, 100)
    yield smooth_groups(rng, 128, 5, 300)
