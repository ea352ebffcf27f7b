"""Small floats and what is made of them against the `ml_dtypes` package, which decodes every element; the products are then
formed in float64, where they are exact."""

import ml_dtypes
import numpy as np

from references import Case

REFERENCE = "ml_dtypes"

TYPES = {
    "f8e4m3": (ml_dtypes.float8_e4m3fn, 8),
    "f8e5m2": (ml_dtypes.float8_e5m2, 8),
    "f8e4m3fnuz": (ml_dtypes.float8_e4m3fnuz, 8),
    "f8e5m2fnuz": (ml_dtypes.float8_e5m2fnuz, 8),
    "f6e2m3": (ml_dtypes.float6_e2m3fn, 6),
    "f6e3m2": (ml_dtypes.float6_e3m2fn, 6),
    "f4e2m1": (ml_dtypes.float4_e2m1fn, 4),
    "e8m0": (ml_dtypes.float8_e8m0fnu, 8),
}
F32_SPECIALS = np.array([0.0, -0.0, 1e-45, -1.1754942e-38, 3.4028235e38, np.inf, -np.inf, np.nan, 1.0, -0.37], dtype=np.float32)
ROWS, COLUMNS = 6, 544


def decode(name, codes):
    return codes.astype(np.uint8).view(TYPES[name][0]).astype(np.float64)


def random_codes(rng, name, shape):
    return rng.integers(0, 1 << TYPES[name][1], shape, dtype=np.uint8)


def stream(codes, bits):
    """Each row's codes as a dense stream of bits, lowest first."""
    planes = (codes[..., None] >> np.arange(bits, dtype=np.uint8)) & 1
    return np.packbits(planes.reshape(codes.shape[0], -1), axis=-1, bitorder="little")


def stored(name, codes):
    """A tensor of bytes, in the type's own dtype, or packed."""
    dtype, bits = TYPES[name]
    return codes.view(dtype) if bits == 8 else stream(codes, bits)


def spread(scales, group):
    return np.repeat(scales, group, axis=-1)[..., :COLUMNS]


def plain(rng):
    for name, (_, bits) in TYPES.items():
        if name == "e8m0":
            continue
        codes = np.arange(1 << bits, dtype=np.uint8).reshape(2, -1)
        yield Case(name, "-", {"w": codes.astype("<u4")}, decode(name, codes), "every code")


def f32_scales(rng, count):
    scales = rng.normal(size=count).astype(np.float32)
    scales[: len(F32_SPECIALS)] = rng.permutation(F32_SPECIALS)[:count]
    return scales


def scaled_fp8(rng):
    for name, scheme, layout in (
        ("f8e4m3", "fp8_row", "compressed_tensors"),
        ("f8e5m2", "fp8_e5m2_row", "compressed_tensors"),
        ("f8e4m3fnuz", "fp8_e4m3fnuz", "compressed_tensors"),
    ):
        codes, scales = random_codes(rng, name, (20, COLUMNS)), f32_scales(rng, 20)
        yield Case(scheme, layout, {"weight": stored(name, codes), "weight_scale": scales.reshape(-1, 1)},
                   scales.astype(np.float64)[:, None] * decode(name, codes), "random codes, special scales")
    for scale in F32_SPECIALS:
        codes = random_codes(rng, "f8e4m3", (ROWS, COLUMNS))
        yield Case("fp8_tensor", "compressed_tensors",
                   {"weight": stored("f8e4m3", codes), "weight_scale": np.array([scale])},
                   np.float64(scale) * decode("f8e4m3", codes), f"scale {scale}")
    for scheme, size in (("fp8_block", 128), ("fp8_block(rows=3,columns=32)", 0)):
        rows, tile = (300, (128, 128)) if size else (7, (3, 32))
        codes = random_codes(rng, "f8e4m3", (rows, COLUMNS))
        shape = (-(-rows // tile[0]), -(-COLUMNS // tile[1]))
        scales = f32_scales(rng, shape[0] * shape[1]).reshape(shape)
        full = spread(np.repeat(scales.astype(np.float64), tile[0], axis=0)[:rows], tile[1])
        for layout, tensor in (("weight_scale_inv", "weight_scale_inv"), ("compressed_tensors", "weight_scale")):
            yield Case(scheme, layout, {"weight": stored("f8e4m3", codes), tensor: scales},
                       full * decode("f8e4m3", codes), "random codes, special scales")


def microscaling(rng):
    for name, scheme, layout, tensor in (
        ("f8e4m3", "mxfp8_e4m3", "compressed_tensors", "weight"),
        ("f8e5m2", "mxfp8_e5m2", "compressed_tensors", "weight"),
        ("f6e2m3", "mxfp6_e2m3", "dense", "weight"),
        ("f6e3m2", "mxfp6_e3m2", "dense", "weight"),
        ("f4e2m1", "mxfp4", "compressed_tensors", "weight_packed"),
    ):
        codes = random_codes(rng, name, (32, COLUMNS))
        scales = rng.permutation(np.arange(32 * 17) % 256).astype(np.uint8).reshape(32, 17)
        expected = spread(decode("e8m0", scales), 32) * decode(name, codes)
        yield Case(scheme, layout, {tensor: stored(name, codes), "weight_scale": scales}, expected, "every scale")
        if scheme in ("mxfp4", "mxfp8_e4m3"):
            words = np.ascontiguousarray(stored(name, codes[:, :512])).view("<u4")
            yield Case(scheme, "mlx", {"weight": words, "scales": np.ascontiguousarray(scales[:, :16])}, expected[:, :512],
                       "every scale")
    codes = rng.integers(-128, 128, (32, COLUMNS), dtype=np.int8)
    expected = spread(decode("e8m0", scales), 32) * (codes / 64)
    yield Case("mxint8", "dense", {"weight": codes, "weight_scale": scales}, expected, "every scale")


def nvfp4(rng):
    for scheme, layout, weight, last in (
        ("nvfp4", "modelopt", "weight", "weight_scale_2"),
        ("nvfp4_divided", "compressed_tensors", "weight_packed", "weight_global_scale"),
    ):
        for factor in F32_SPECIALS:
            codes, scales = random_codes(rng, "f4e2m1", (16, COLUMNS)), random_codes(rng, "f8e4m3", (16, COLUMNS // 16))
            tensors = {weight: stored("f4e2m1", codes), "weight_scale": stored("f8e4m3", scales), last: np.array([factor])}
            part = spread(decode("f8e4m3", scales), 16)
            part = part / np.float64(factor) if scheme == "nvfp4_divided" else np.float64(factor) * part
            yield Case(scheme, layout, tensors, part * decode("f4e2m1", codes), f"global factor {factor}")


def cases(rng):
    with np.errstate(all="ignore"):
        for part in (plain, scaled_fp8, microscaling, nvfp4):
            yield from part(rng)
