"""How published formats pack integers, in plain numpy: packers that are written from the formats' descriptions, one number
after the other, and shared by the files beside this one. Has no cases of its own."""

import numpy as np

REFERENCE = "packing in numpy"


def cases(_):
    return []


def stream(codes, bits, word=32):
    """The codes along the last axis as one dense stream of bits, lowest first, in words; the last one padded with zeros."""
    planes = (codes[..., None] >> np.arange(bits, dtype=np.uint32)).astype(np.uint8) & 1
    flat = planes.reshape(codes.shape[:-1] + (-1,))
    words = -(-flat.shape[-1] // word)
    padded = np.zeros(codes.shape[:-1] + (words * word,), dtype=np.uint8)
    padded[..., : flat.shape[-1]] = flat
    return np.packbits(padded, axis=-1, bitorder="little").view({8: np.uint8, 32: np.int32}[word])


def whole(codes, bits, word=32, order=None):
    """As many codes as a word holds whole, lowest first; `order` gives the code that lies at each place of a word."""
    in_word = word // bits
    count = codes.shape[-1]
    words = -(-count // in_word)
    padded = np.zeros(codes.shape[:-1] + (words * in_word,), dtype=np.uint64)
    padded[..., :count] = codes
    grouped = padded.reshape(codes.shape[:-1] + (words, in_word))
    out = np.zeros(codes.shape[:-1] + (words,), dtype=np.uint64)
    for place in range(in_word):
        out |= grouped[..., place if order is None else order[place]] << np.uint64(bits * place)
    return out.astype(np.uint8 if word == 8 else np.uint32).view(np.uint8 if word == 8 else np.int32)


def down(packer, codes, *args):
    """A packer of the last axis, applied to the first."""
    return np.ascontiguousarray(packer(np.ascontiguousarray(codes.T), *args).T)


def random_codes(rng, bits, shape):
    return rng.integers(0, 1 << bits, shape, dtype=np.uint32)


SPECIAL = np.array([0.0, -0.0, 6e-8, -6e-8, 6.1e-5, 65504.0, np.inf, -np.inf, np.nan, 1.0, -0.37], dtype=np.float32)


def random_scales(rng, dtype, shape):
    """Ordinary numbers and the special ones; every number of f16 that is drawn is one of f32 too."""
    scales = rng.normal(size=shape).astype(np.float32)
    flat = scales.reshape(-1)
    some = rng.permutation(len(flat))[: min(len(SPECIAL), len(flat) // 2)]
    flat[some] = SPECIAL[: len(some)]
    return scales.astype(dtype)


def spread(numbers, group, columns):
    return np.repeat(numbers.astype(np.float64), group, axis=-1)[..., :columns]
