"""Integers with scales and zero points, as published files pack them: packers in plain numpy (packings.py), the weights
from the numbers that were packed, in float64 where every product is exact."""

import ml_dtypes
import numpy as np

from packings import down, random_codes, random_scales, spread, stream, whole

from references import Case

REFERENCE = "packing in numpy"
SCALE_TYPES = {16: [np.float16], 32: [np.float32, np.float16, ml_dtypes.bfloat16]}
SHAPES = [(5, 130, 32), (33, 96, 96), (8, 256, 128), (7, 70, 7)]


def groups_of(columns, group):
    return -(-columns // group)


def symmetric(rng, bits, rows, columns, group, dtype):
    codes = random_codes(rng, bits, (rows, columns))
    scales = random_scales(rng, dtype, (rows, groups_of(columns, group)))
    weights = spread(scales, group, columns) * (codes.astype(np.float64) - (1 << bits - 1))
    return codes, scales, weights


def signed(codes, bits):
    return (codes.astype(np.int64) - (1 << bits - 1)).astype(np.int8)


def blocks(codes, bits, group):
    """Each group of a row in bytes of its own: [rows, groups, bytes]."""
    rows, columns = codes.shape
    padded = np.zeros((rows, groups_of(columns, group) * group), dtype=np.uint32)
    padded[:, :columns] = codes
    return stream(padded.reshape(rows, -1, group), bits, 8)


def int_groups(rng):
    for bits in range(1, 9):
        for rows, columns, group in SHAPES[: 4 if bits in (3, 4) else 2]:
            for width, dtypes in SCALE_TYPES.items():
                dtype = dtypes[int(rng.integers(len(dtypes)))]
                codes, scales, weights = symmetric(rng, bits, rows, columns, group, dtype)
                scheme = f"int_g(bits={bits},group={group},float={width})"
                what = f"{rows} x {columns}, {np.dtype(dtype).name}"
                yield Case(scheme, "pack_quantized", {"weight_packed": stream(codes, bits), "weight_scale": scales}, weights, what)
                yield Case(scheme, "pack_quantized_words", {"weight_packed": whole(codes, bits), "weight_scale": scales},
                           weights, what)
                yield Case(scheme, "int_quantized", {"weight": signed(codes, bits), "weight_scale": scales}, weights, what)
                packed = blocks(codes, bits, group)
                yield Case(scheme, "matmul_nbits", {"B": packed, "scales": scales}, weights, what)


def uint_groups(rng):
    for bits in range(1, 9):
        for rows, columns, group in SHAPES[: 4 if bits in (2, 3, 4, 8) else 2]:
            width = int(rng.choice([16, 32]))
            dtype = SCALE_TYPES[width][int(rng.integers(len(SCALE_TYPES[width])))]
            codes = random_codes(rng, bits, (rows, columns))
            zeros = random_codes(rng, bits, (rows, groups_of(columns, group)))
            scales = random_scales(rng, dtype, zeros.shape)
            weights = spread(scales, group, columns) * (codes - spread(zeros, group, columns))
            tensors = {"scales": np.ascontiguousarray(scales.T), "qweight": np.ascontiguousarray(stream(codes, bits).T)}
            for layout, less in (("gptq", 1), ("gptq_v2", 0)):
                stored = stream(np.ascontiguousarray((zeros - less) % (1 << bits)).T, bits)
                for scheme in uint_names(bits, group, width):
                    yield Case(scheme, layout, tensors | {"qzeros": stored}, weights, f"{rows} x {columns}")
            scheme = f"uint_g(bits={bits},group={group},float={width})"
            what = f"{rows} x {columns}, {np.dtype(dtype).name}"
            for layout, packer in (("pack_quantized", stream), ("pack_quantized_words", whole)):
                tensors = {"weight_packed": packer(codes, bits), "weight_scale": scales,
                           "weight_zero_point": down(packer, zeros, bits)}
                yield Case(scheme, layout, tensors, weights, what)
            flat, tensors = stream(zeros, bits, 8), {"B": blocks(codes, bits, group)}
            yield Case(scheme, "matmul_nbits", tensors | {"scales": scales, "zero_points": flat}, weights, what)


def uint_names(bits, group, width):
    yield f"uint_g(bits={bits},group={group},float={width})"
    if width == 16 and bits in (3, 4):
        yield f"int{bits}_g(group={group})"


def act_order(rng):
    """Groups of columns that are not neighbours."""
    for bits in (2, 3, 4, 8):
        for rows, columns, group in ((8, 128, 32), (5, 96, 32), (9, 80, 32)):
            count = groups_of(columns, group)
            g_idx = rng.permutation(np.arange(columns) // group).astype(np.int32)
            codes, zeros = random_codes(rng, bits, (rows, columns)), random_codes(rng, bits, (rows, count))
            scales = random_scales(rng, np.float16, (rows, count))
            scale, zero = scales.astype(np.float64)[:, g_idx], zeros.astype(np.float64)[:, g_idx]
            weights, centred = scale * (codes - zero), scale * (codes - float(1 << bits - 1))
            name = f"uint_g_order(bits={bits},group={group})"
            for layout, less in (("gptq", 1), ("gptq_v2", 0)):
                tensors = {"qweight": np.ascontiguousarray(stream(codes, bits).T), "g_idx": g_idx,
                           "qzeros": stream(np.ascontiguousarray((zeros - less) % (1 << bits)).T, bits),
                           "scales": np.ascontiguousarray(scales.T)}
                yield Case(name, layout, tensors, weights, f"{rows} x {columns}")
            tensors = {"weight_packed": stream(codes, bits), "weight_scale": scales, "weight_g_idx": g_idx}
            zero_points = {"weight_zero_point": down(stream, zeros, bits)}
            yield Case(name, "pack_quantized", tensors | zero_points, weights, f"{rows} x {columns}")
            yield Case(f"int_g_order(bits={bits},group={group})", "pack_quantized", tensors, centred, f"{rows} x {columns}")


def hostile_orders(rng):
    """Numbers of groups that lead out of the matrix, or that are not shared by whole groups of columns."""
    shared = "of field 'order' at index -1 of dimension 0 of 'g_idx', which has 64"
    rows, columns, group = 4, 64, 16
    good = (np.arange(columns) // group).astype(np.int32)
    for name, at, number, said in (
        ("below", 5, -1, "of dimension 0 of 'qzeros', which has 4"),
        ("least", 63, -(2**31), "of dimension 0 of 'qzeros', which has 4"),
        ("beyond", 40, 4, shared),
        ("huge", 0, 2**31 - 1, shared),
        ("uneven", 20, 2, shared),
    ):
        g_idx = good.copy()
        g_idx[at] = number
        codes, zeros = random_codes(rng, 4, (rows, columns)), random_codes(rng, 4, (rows, 4))
        tensors = {"qweight": np.ascontiguousarray(stream(codes, 4).T), "g_idx": g_idx,
                   "qzeros": stream(np.ascontiguousarray(zeros.T), 4), "scales": np.ones((4, rows), dtype=np.float16)}
        yield Case(f"uint_g_order(group={group})", "gptq_v2", tensors, np.zeros((rows, columns)), name, refused=said)


def eetq(rng):
    """The steps of the preprocessing of weights for mixed products, one after the other: rows of 16 inputs permuted,
    transposed, two outputs interleaved in pieces of 64, 128 added and the middle bytes of four swapped."""
    for rows, columns in ((4, 128), (6, 64), (16, 192)):
        codes = rng.integers(-128, 128, (columns, rows), dtype=np.int8)
        permuted = codes.reshape(-1, 16, rows)[:, [0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15]].reshape(columns, rows)
        pairs = permuted.T.reshape(rows // 2, 2, columns // 64, 64).transpose(0, 2, 1, 3)
        biased = (pairs.astype(np.int64) + 128).astype(np.uint8).reshape(-1, 4)[:, [0, 2, 1, 3]]
        scales = random_scales(rng, np.float16, rows)
        yield Case("int8_row", "eetq", {"weight": biased.reshape(columns, rows).view(np.int8), "weight_scales": scales},
                   scales.astype(np.float64)[:, None] * codes.T, f"{rows} x {columns}")


def awq(rng):
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    for rows, columns, group in [(16, 64, 32), (40, 130, 128)]:
        codes, zeros = random_codes(rng, 4, (rows, columns)), random_codes(rng, 4, (rows, groups_of(columns, group)))
        scales = random_scales(rng, np.float16, zeros.shape)
        weights = spread(scales, group, columns) * (codes - spread(zeros, group, columns))
        gemm = {"qweight": whole(codes.T, 4, 32, order), "qzeros": whole(zeros.T, 4, 32, order),
                "scales": np.ascontiguousarray(scales.T)}
        yield Case(f"int4_g(group={group})", "awq", gemm, weights, "GEMM")
        width = -(-groups_of(columns, group) // 8)
        padded = np.zeros((2, rows, width * 8), dtype=np.uint32)
        padded[0, :, : zeros.shape[1]] = zeros
        wide = np.zeros((rows, width * 8), dtype=np.float16)
        wide[:, : scales.shape[1]] = scales
        gemv = {"qweight": whole(codes, 4), "qzeros": whole(padded[0], 4), "scales": wide}
        yield Case(f"int4_g(group={group})", "awq_gemv", gemv, weights, "GEMV")


def rows_and_tensors(rng):
    rows, columns = 9, 77
    for bits in range(1, 9):
        codes, scales = random_codes(rng, bits, (rows, columns)), random_scales(rng, ml_dtypes.bfloat16, (rows, 1))
        centred = codes.astype(np.float64) - (1 << bits - 1)
        weights = scales.astype(np.float64) * centred
        scheme = f"int_row(bits={bits})"
        yield Case(scheme, "pack_quantized", {"weight_packed": stream(codes, bits), "weight_scale": scales}, weights, "channel")
        yield Case(scheme, "pack_quantized_words", {"weight_packed": whole(codes, bits), "weight_scale": scales}, weights,
                   "channel")
        yield Case(scheme, "int_quantized", {"weight": signed(codes, bits), "weight_scale": scales}, weights, "channel")
        zeros = random_codes(rng, bits, (rows, 1))
        weights = scales.astype(np.float64) * (codes - zeros.astype(np.float64))
        yield Case(f"uint_row(bits={bits})", "pack_quantized",
                   {"weight_packed": stream(codes, bits), "weight_scale": scales,
                    "weight_zero_point": down(stream, zeros, bits)}, weights, "channel")
        yield Case(f"uint_row(bits={bits})", "int_quantized",
                   {"weight": signed(codes, bits), "weight_scale": scales,
                    "weight_zero_point": signed(zeros, bits).astype([np.int8, np.int32, np.int64][bits % 3])}, weights, "channel")
        for scale in random_scales(rng, np.float16, 4):
            yield Case(f"int_tensor(bits={bits})", "int_quantized",
                       {"weight": signed(codes, bits), "weight_scale": np.array([scale])}, np.float64(scale) * centred, "tensor")
    codes, scales = rng.integers(-128, 128, (rows, columns), dtype=np.int8), random_scales(rng, np.float16, rows)
    weights = scales.astype(np.float64)[:, None] * codes
    yield Case("int8_row", "int_quantized", {"weight": codes, "weight_scale": scales.reshape(-1, 1)}, weights, "channel")
    tensors = {"weight": codes, "scales": scales.astype(np.float32), "zeros": np.zeros(rows, dtype=np.int64)}
    yield Case("int8_row", "nodes_zero", tensors, weights, "channel")
    shifted = tensors | {"zeros": np.arange(rows, dtype=np.int64)}
    yield Case("int8_row", "nodes_zero", shifted, weights, "a zero point", refused="element 1 of field 'scale' at index 9")
    yield Case("int8_row", "eetq_plain", {"weight": np.ascontiguousarray(codes.T), "weight_scales": scales}, weights, "channel")


def float_zeros(rng):
    """HQQ: groups of the flattened matrix are rows; a byte has codes of several equal parts of those rows."""
    for bits in (1, 2, 4, 8):
        for rows, columns, group in ((16, 128, 64), (8, 96, 24)):
            parts = 8 // bits
            codes = random_codes(rng, bits, (rows * columns // group, group)).astype(np.uint8)
            scales, zeros = (random_scales(rng, np.float16, (len(codes), 1)) for _ in range(2))
            step, packed = len(codes) // parts, np.zeros((len(codes) // parts, group), dtype=np.uint8)
            for part in range(parts):
                packed |= codes[part * step : (part + 1) * step] << (bits * (parts - 1 - part))
            weights = scales.astype(np.float64) * (codes - zeros.astype(np.float64))
            yield Case(f"hqq(bits={bits},group={group})", "hqq", {"W_q": packed, "scales": scales, "zeros": zeros},
                       weights.reshape(rows, columns), "axis 1")
    for bits in range(1, 9):
        rows, columns, group = 5, 100, 32
        codes = random_codes(rng, bits, (rows, columns))
        scales, zeros = (random_scales(rng, np.float16, (rows, groups_of(columns, group))) for _ in range(2))
        weights = spread(scales, group, columns) * (codes - spread(zeros, group, columns))
        yield Case(f"hqq(bits={bits},group={group})", "matmul_nbits",
                   {"B": blocks(codes, bits, group), "scales": scales, "zero_points": zeros}, weights,
                   "zero points that are no integers")
    for rows, columns, group in ((5, 128, 64), (3, 96, 32)):
        codes = random_codes(rng, 3, (rows * columns // group, group)).astype(np.int64)
        scales, zeros = (random_scales(rng, np.float32, (len(codes), 1)) for _ in range(2))
        step = -(-len(codes) // 10)
        padded = np.zeros((10 * step, group), dtype=np.int64)
        padded[: len(codes)] = codes
        packed = sum(padded[i * step : (i + 1) * step] << (27 - 3 * i) for i in range(10)).astype(np.int32)
        weights = scales.astype(np.float64) * (codes - zeros.astype(np.float64))
        yield Case(f"hqq(bits=3,group={group},float=32)", "hqq_3bit", {"W_q": packed, "scales": scales, "zeros": zeros},
                   weights.reshape(rows, columns), "axis 1")


def powers_of_two(rng):
    for bits in range(1, 9):
        codes = random_codes(rng, bits, (16, 256))
        exponents = rng.permutation(np.arange(256) % 255).astype(np.uint8)[: 16 * 8].reshape(16, 8)
        weights = spread(2.0 ** (exponents.astype(np.float64) - 127), 32, 256) * (codes.astype(np.float64) - (1 << bits - 1))
        yield Case(f"int_po2(bits={bits})", "dense", {"weight_packed": stream(codes, bits), "weight_scale": exponents}, weights, "")


def mlx(rng):
    """A stream of codes for each row, as mlx.core.quantize packs it: dequantized as scale * code + bias."""
    for bits in 2, 3, 4, 5, 6, 8:
        for rows, columns, group in (5, 128, 32), (33, 192, 64), (3, 256, 128):
            width = int(rng.choice([16, 32]))
            dtype = SCALE_TYPES[width][int(rng.integers(len(SCALE_TYPES[width])))]
            codes = random_codes(rng, bits, (rows, columns))
            scales, biases = (random_scales(rng, dtype, (rows, columns // group)) for _ in range(2))
            weights = spread(scales, group, columns) * codes.astype(np.float64) + spread(biases, group, columns)
            yield Case(f"mlx(bits={bits},group={group},float={width})", "mlx",
                       {"weight": stream(codes, bits).view(np.uint32), "scales": scales, "biases": biases}, weights,
                       f"{rows} x {columns}, {np.dtype(dtype).name}")


def mlc(rng):
    """Whole codes in words, groups of whole words, the last one filled up; around the largest number of one bit less."""
    for bits, group in (4, 32), (3, 40):
        for rows, columns in (5, 3 * group), (8, 3 * group + 7):
            for width, dtypes in SCALE_TYPES.items():
                dtype = dtypes[int(rng.integers(len(dtypes)))]
                codes = random_codes(rng, bits, (rows, columns))
                groups = groups_of(columns, group)
                padded = np.zeros((rows, groups * group), dtype=np.uint32)
                padded[:, :columns] = codes
                words = whole(padded, bits).view(np.uint32)
                scales = random_scales(rng, dtype, (rows, groups))
                weights = spread(scales, group, columns) * (codes.astype(np.float64) - ((1 << bits - 1) - 1))
                scheme, what = f"mlc(bits={bits},group={group},float={width})", f"{rows} x {columns}, {np.dtype(dtype).name}"
                yield Case(scheme, "mlc", {"q_weight": words, "q_scale": scales}, weights, what)
                yield Case(scheme, "mlc_transposed", {"q_weight": np.ascontiguousarray(words.T),
                                                      "q_scale": np.ascontiguousarray(scales.T)}, weights, what)


def cases(rng):
    with np.errstate(all="ignore"):
        for part in (int_groups, uint_groups, act_order, hostile_orders, eetq, awq, rows_and_tensors, float_zeros, powers_of_two, mlx, mlc):
            yield from part(rng)
