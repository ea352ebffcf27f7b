"""Block types of GGUF files against the `gguf` package (gguf.quants), which decodes them with numpy in float32.

Every type but one: the package knows the size of Q1_0, but has no decoder for it. Its reference is the definition in
ggml-common.h, written here.

In all of them a weight is a product that is exact in float32 up to its last factor, plus at most one sum: float32
arithmetic rounds once, as rounding the double does, so no formula has to be recomputed.
"""

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

from references import Case, Reader

REFERENCE = "gguf"

# scheme: (type of the package, byte offsets of f16 numbers in the block)
TYPES = {
    "q4_0": ("Q4_0", [0]),
    "q4_1": ("Q4_1", [0, 2]),
    "q5_0": ("Q5_0", [0]),
    "q5_1": ("Q5_1", [0, 2]),
    "q8_0": ("Q8_0", [0]),
    "q1_0": ("Q1_0", [0]),
    "q2_K": ("Q2_K", [80, 82]),
    "q3_K": ("Q3_K", [108]),
    "q4_K": ("Q4_K", [0, 2]),
    "q5_K": ("Q5_K", [0, 2]),
    "q6_K": ("Q6_K", [208]),
    "iq1_s": ("IQ1_S", [0]),
    "iq1_m": ("IQ1_M", []),
    "iq2_xxs": ("IQ2_XXS", [0]),
    "iq2_xs": ("IQ2_XS", [0]),
    "iq2_s": ("IQ2_S", [0]),
    "iq3_xxs": ("IQ3_XXS", [0]),
    "iq3_s": ("IQ3_S", [0]),
    "iq4_nl": ("IQ4_NL", [0]),
    "iq4_xs": ("IQ4_XS", [0]),
    "tq1_0": ("TQ1_0", [52]),
    "tq2_0": ("TQ2_0", [64]),
    "mxfp4_gguf": ("MXFP4", []),
    "nvfp4_gguf": ("NVFP4", []),
}
# Plain numbers: scheme, type, dtype of the stored tensor.
PLAIN = {"f16": ("F16", np.float16), "bf16": ("BF16", np.uint16), "f32": ("F32", np.float32)}

# Ordinary, zero of both signs, least and greatest subnormal, least normal, greatest, infinite, NaN.
SCALES = np.array([0x3C00, 0xB5A3, 0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0xFDFF],
                  dtype="<u2")


def dequantize(blocks, name):
    if name == "Q1_0":
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        ones = np.unpackbits(blocks[:, 2:], axis=-1, bitorder="little").astype(np.float32)
        return scale * (2 * ones - 1)
    return quants.dequantize(blocks, GGMLQuantizationType[name])


def reference_of(name):
    return "definition in ggml" if name == "Q1_0" else REFERENCE


def tensors(rng, size, halves):
    yield "random bytes", rng.integers(0, 256, (600, size), dtype=np.uint8)
    scaled = rng.integers(0, 256, (600, size), dtype=np.uint8)
    for at in halves:
        scaled[:, at : at + 2] = rng.normal(size=600).astype("<f2").view(np.uint8).reshape(-1, 2)
    yield "random codes, ordinary scales", scaled
    for byte in (0, 0xFF, 0x80, 0x7F, 0x55):
        yield f"all bytes {byte:#04x}", np.full((2, size), byte, dtype=np.uint8)
    special = rng.integers(0, 256, (len(SCALES) ** len(halves), size), dtype=np.uint8)
    for i, at in enumerate(halves):
        scale = SCALES[np.arange(len(special)) // len(SCALES) ** i % len(SCALES)]
        special[:, at : at + 2] = scale.view(np.uint8).reshape(-1, 2)
    yield "special scales", special
    counted = rng.integers(0, 256, (256, size), dtype=np.uint8)
    counted[:, 0] = np.arange(256)
    yield "every first byte", counted


def cases(rng):
    for scheme, (name, halves) in TYPES.items():
        weights, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
        for what, blocks in tensors(rng, size, halves):
            with np.errstate(invalid="ignore", over="ignore"):
                expected = dequantize(blocks, name).reshape(-1, weights)
            yield Case(scheme, "gguf", {"": blocks.reshape(-1)}, expected, what, reference_of(name))
    for scheme, (name, dtype) in PLAIN.items():
        raw = rng.integers(0, 256, (64, 32 * np.dtype(dtype).itemsize), dtype=np.uint8)
        expected = quants.dequantize(raw if name == "BF16" else raw.view(dtype), GGMLQuantizationType[name])
        bits = raw.view({2: "<u2", 4: "<u4"}[np.dtype(dtype).itemsize]).astype("<u4")
        yield Case(scheme, "-", {field_of(scheme): bits}, expected.astype(np.float32), "random bytes")


def field_of(scheme):
    """The one field of a format of plain numbers."""
    return "w"


def reader(name):
    size = GGML_QUANT_SIZES[GGMLQuantizationType[name]][1]
    return Reader("gguf", lambda data: dequantize(data.reshape(-1, size), name).astype(np.float32))


READERS = {scheme: reader(name) for scheme, (name, _) in TYPES.items()}
