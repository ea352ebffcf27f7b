"""GGUF types with interleaved rows: Q4_0_4_4 and its kind, and those of ik_llama.cpp. Random rows are made of fields, and packed
by plain loops over rows and columns as dequantize_row_*_r4 (r8, r16) of iqk_quantize.cpp reads them; their numbers come from
the same fields, in float64, where all products are exact. Grids are taken from the `gguf` package, which decodes the same
fields in the blocks of rows that are not interleaved.
"""

import numpy as np
from gguf import GGMLQuantizationType, quants

from ik_blocks import IQ2, IQ3, IQ4, IQ5, scales_of
from references import Case

REFERENCE = "definition in ik_llama.cpp"
COLUMNS = 512


class Bytes:
    """Interleaved rows being packed: [groups of rows, blocks of columns, bytes], by putting bits."""

    def __init__(self, groups, blocks, size, head=0):
        self.data = np.zeros((groups, blocks, size), dtype=np.uint8)
        self.head = np.zeros((groups, head), dtype=np.uint8)

    def put(self, at, value, shift=0):
        """At a byte of every block: bits of `value` [groups, blocks], moved up."""
        self.data[:, :, at] |= (value.astype(np.int64) << shift & 255).astype(np.uint8)

    def halves(self, at, k, d):
        """The float16 d [groups, blocks] as number k of those at a byte."""
        self.data[:, :, at + 2 * k :][:, :, :2] = np.ascontiguousarray(d)[..., None].view(np.uint8)

    def tensor(self):
        groups = len(self.data)
        return np.concatenate([self.head, self.data.reshape(groups, -1)], axis=1)


# In four rows by 4 columns: of 32 codes of 4 bits, the byte among 64 / 16 and which half of it each group of 4 columns has.
FOURS = {0: (0, 0), 8: (0, 1), 16: (1, 0), 24: (1, 1), 4: (2, 0), 12: (2, 1), 20: (3, 0), 28: (3, 1)}


def nibbles(out, at, codes, rows, per, blocks_of=32):
    """codes: [groups, rows, blocks, columns of a block], the low 4 bits."""
    for k in range(rows):
        for ib in range(codes.shape[3] // 32):
            for first, (m, half) in FOURS.items():
                for i in range(4):
                    out.put(at + per * ib + 16 * m + 4 * k + i, codes[:, k, :, 32 * ib + first + i] & 15, 4 * half)


def fifth_bits(out, at, codes):
    order = [0, 8, 16, 24, 4, 12, 20, 28]
    for k in range(4):
        for ib in range(codes.shape[3] // 32):
            for bit, first in enumerate(order):
                for i in range(4):
                    out.put(at + 16 * ib + 4 * k + i, codes[:, k, :, 32 * ib + first + i] >> 4 & 1, bit)


def pairs(out, at, codes):
    for k in range(4):
        for ib in range(8):
            for j in range(8):
                for i in range(4):
                    out.put(at + 32 * ib + 16 * (j // 4) + 4 * k + i, codes[:, k, :, 32 * ib + 4 * j + i] & 3, 2 * (j % 4))


def third_bits(out, at, codes):
    for k in range(4):
        for ib in range(8):
            for j in range(8):
                for i in range(4):
                    out.put(at + 16 * ib + 4 * k + i, codes[:, k, :, 32 * ib + 4 * j + i] >> 2 & 1, j)


def sixteen_scales(out, at, scales, high=None):
    """scales: [groups, 4, blocks, 16], number 8 ib + k (+ 4): low nibbles, and upper pairs at `high`."""
    for k in range(4):
        for ib in range(8):
            for half in range(2):
                number = 8 * ib + k + 4 * half
                s = scales[:, k, :, 2 * ib + half]
                out.put(at + number % 32, s & 15, 4 * (number // 32))
                if high is not None:
                    out.put(high + number % 16, s >> 4 & 3, 2 * (number // 16))


def one_bits(out, at, bits):
    """One bit for each 16 weights."""
    for k in range(4):
        for ib in range(8):
            for half in range(2):
                out.put(at + k + 4 * half, bits[:, k, :, 2 * ib + half], ib)


class Rows:
    """Fields of random rows: [groups, rows, blocks, ..]."""

    def __init__(self, rng, special, rows, weights, groups=2):
        self.rng, self.special = rng, special
        self.rows, self.weights, self.groups, self.blocks = rows, weights, groups, COLUMNS // weights

    def integers(self, high, count, low=0):
        return self.rng.integers(low, high, (self.groups, self.rows, self.blocks, count))

    def d(self):
        shape = self.groups, self.rows, self.blocks
        return scales_of(self.rng, "<f2", np.prod(shape), self.special).reshape(shape)

    def row_d(self):
        return scales_of(self.rng, "<f4", self.groups * self.rows, self.special).reshape(self.groups, self.rows)

    def out(self, size, head=0):
        return Bytes(self.groups, self.blocks, size, head)

    def case(self, scheme, out, expected, layout=None):
        layout = layout or f"gguf_r{self.rows}"
        expected = np.asarray(expected, dtype=np.float64).reshape(self.groups * self.rows, COLUMNS)
        return Case(scheme, layout, {"data": out.tensor()}, expected, "random fields")


def wide(d, per=1):
    """Numbers of blocks or parts of them, for each weight."""
    return np.repeat(np.asarray(d, dtype=np.float64)[..., None] if per == 1 else d.astype(np.float64), per, axis=-1)


def blocks_of_32(rng, special):
    for bits, scheme, size, qs in (4, "iq4_nl", 72, 8), (5, "q5_0", 88, 24), (6, "q6_0", 104, 40):
        f = Rows(rng, special, 4, 32)
        d, codes, out = f.d(), f.integers(1 << bits, 32), f.out(size)
        for k in range(4):
            out.halves(0, k, d[:, k])
        nibbles(out, qs, codes, 4, 64)
        for k in range(4):
            for l in range(4):
                first = 16 * (l % 2) + 4 * (l // 2)
                for i in range(4):
                    for half in range(2):
                        high = codes[:, k, :, first + 8 * half + i] >> 4
                        if bits == 5:
                            out.put(8 + 4 * k + i, high, l + 4 * half)
                        if bits == 6:
                            out.put(8 + 4 * k + i + 16 * (l % 2), high, 2 * (l // 2) + 4 * half)
        values = IQ4[codes] if bits == 4 else codes - (1 << bits - 1)
        yield f.case(scheme, out, wide(d) * values)


def eight_rows(rng, special):
    for scheme, layout, rows, width, flip in ("q4_0", "gguf_r8", 8, 4, 0), ("q4_0", "gguf_4_4", 4, 4, 8), \
                                             ("q4_0", "gguf_4_8", 4, 8, 8), ("q4_0", "gguf_8_8", 8, 8, 8), \
                                             ("mxfp4_gguf", "gguf_r8", 8, 4, 0):
        f = Rows(rng, special, rows, 32)
        f.blocks = COLUMNS // 32
        powers = scheme != "q4_0"
        head = rows if powers else 2 * rows
        codes, out = f.integers(16, 32), f.out(head + 16 * rows)
        d = f.integers(256 if special else 150, 1)[..., 0] if powers else f.d()
        for k in range(rows):
            out.put(k, d[:, k]) if powers else out.halves(0, k, d[:, k])
        for at in range(16 * rows):
            k, i = at % (rows * width) // width, at // (rows * width) * width + at % width
            out.put(head + at, codes[:, k, :, i] ^ flip)
            out.put(head + at, codes[:, k, :, i + 16] ^ flip, 4)
        if powers:
            levels = np.array([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12])
            yield f.case(scheme, out, np.exp2(wide(d) - 128) * levels[codes], layout)
        else:
            yield f.case(scheme, out, wide(d) * (codes - 8), layout)
    f = Rows(rng, special, 8, 32)
    d, codes, out = f.d(), f.integers(128, 32, -128), f.out(272)
    for k in range(8):
        out.halves(0, k, d[:, k])
        for l in range(4):
            for i in range(4):
                out.put(16 + 32 * l + 4 * k + i, codes[:, k, :, 4 * l + i] & 255)
                out.put(16 + 32 * l + 4 * k + i + 128, codes[:, k, :, 4 * l + i + 16] & 255)
    yield f.case("q8_0", out, wide(d) * codes)


def bytes_of_256(rng, special):
    for rows, layout, added in (8, "gguf", 0), (16, "gguf_r16", 128):
        f = Rows(rng, special, rows, 256)
        d, codes, out = f.d(), f.integers(128, 256, -128), f.out(rows * 258)
        for k in range(rows):
            out.halves(0, k, d[:, k])
            for j in range(256):
                out.put(2 * rows + 4 * rows * (j // 4) + 4 * k + j % 4, codes[:, k, :, j] + added & 255)
        yield f.case("q8_k_r8", out, wide(d) * codes, layout)


def rows_of_bytes(rng, special):
    for rows, layout in (1, "gguf_kv"), (8, "gguf_kv_r8"):
        f = Rows(rng, special, rows, COLUMNS, 16 // rows)
        d, codes = f.row_d(), f.integers(128, COLUMNS, -128)
        out = f.out(rows * COLUMNS, 4 * rows if rows > 1 else 8)
        out.head[:, : 4 * rows] = d.view(np.uint8).reshape(len(d), -1)
        for k in range(rows):
            for j in range(COLUMNS):
                out.put(4 * rows * (j // 4) + 4 * k + j % 4, codes[:, k, :, j] & 255)
        yield f.case("int8_row", out, wide(wide(d)) * codes, layout)
    f = Rows(rng, special, 16, COLUMNS)
    codes, out = f.integers(1 << (16 if special else 14), COLUMNS), f.out(32 * COLUMNS)
    for k in range(16):
        for j in range(COLUMNS):
            for byte in range(2):
                out.put(64 * (j // 2) + 4 * k + 2 * (j % 2) + byte, codes[:, k, :, j] >> 8 * byte & 255)
    yield f.case("bf16", out, (codes.astype(np.uint32) << 16).view(np.float32))


def k_quants(rng, special):
    f = Rows(rng, special, 4, 256)
    d, m, codes, sc, mn, out = f.d(), f.d(), f.integers(4, 256), f.integers(16, 16), f.integers(16, 16), f.out(336)
    for k in range(4):
        out.halves(0, k, d[:, k])
        out.halves(8, k, m[:, k])
        for j in range(16):
            out.put(16 + 4 * j + k, sc[:, k, :, j] | mn[:, k, :, j] << 4)
    pairs(out, 80, codes)
    yield f.case("q2_K", out, wide(d) * wide(sc, 16) * codes - wide(m) * wide(mn, 16))

    codes, sc, out = f.integers(8, 256), f.integers(64, 16), f.out(440)
    for k in range(4):
        out.halves(0, k, d[:, k])
    sixteen_scales(out, 24, sc, 8)
    third_bits(out, 56, codes)
    pairs(out, 184, codes)
    yield f.case("q3_K", out, wide(d) * (wide(sc, 16) - 32) * (codes - 4))

    for bits, scheme, size, qs in (4, "q4_K", 576, 64), (5, "q5_K", 704, 192):
        codes, sc, mn, out = f.integers(1 << bits, 256), f.integers(64, 8), f.integers(64, 8), f.out(size)
        for k in range(4):
            out.halves(0, k, d[:, k])
            out.halves(8, k, m[:, k])
            for ib in range(8):
                number = 4 * ib + k
                out.put(32 + number, sc[:, k, :, ib] & 15 | (mn[:, k, :, ib] & 15) << 4)
                out.put(16 + number % 16, sc[:, k, :, ib] >> 4 | mn[:, k, :, ib] >> 4 << 2, 4 * (number // 16))
        nibbles(out, qs, codes, 4, 64)
        if bits == 5:
            for bit, first in enumerate([0, 8, 4, 12, 16, 24, 20, 28]):
                for k in range(4):
                    for ib in range(8):
                        for i in range(4):
                            out.put(64 + 16 * ib + 4 * k + i, codes[:, k, :, 32 * ib + first + i] >> 4, bit)
        yield f.case(scheme, out, wide(d) * wide(sc, 32) * codes - wide(m) * wide(mn, 32))

    codes, sc, out = f.integers(64, 256), f.integers(128, 16, -128), f.out(840)
    for k in range(4):
        out.halves(0, k, d[:, k])
        for ib in range(8):
            for half in range(2):
                out.put(8 + 8 * ib + k + 4 * half, sc[:, k, :, 2 * ib + half] & 255)
            for first, (at, shift) in {0: (0, 0), 8: (0, 2), 4: (0, 4), 12: (0, 6), 16: (16, 0), 24: (16, 2), 20: (16, 4),
                                       28: (16, 6)}.items():
                for i in range(4):
                    out.put(72 + 32 * ib + at + 4 * k + i, codes[:, k, :, 32 * ib + first + i] >> 4, shift)
    nibbles(out, 328, codes, 4, 64)
    yield f.case("q6_K", out, wide(d) * wide(sc, 16) * (codes - 32))


def iqk_quants(rng, special):
    f = Rows(rng, special, 4, 256)
    for bits, scheme, size, levels in (2, "iq2_k", 304, IQ2), (3, "iq3_k", 440, IQ3), (4, "iq4_k", 576, IQ4), (5, "iq5_k", 704, IQ5):
        d, codes, up, out = f.d(), f.integers(1 << bits, 256), f.integers(2, 16), f.out(size)
        sc = f.integers(16 if bits < 4 else 64, 16)
        neg = f.integers(2, 16)
        for k in range(4):
            out.halves(0, k, d[:, k])
        one_bits(out, 8, up)
        if bits == 2:
            sixteen_scales(out, 16, sc)
            pairs(out, 48, codes)
            scale = wide(sc, 16) - 8
        elif bits == 3:
            for k in range(4):
                for ib in range(8):
                    for half in range(2):
                        number = 8 * ib + k + 4 * half
                        out.put(16 + number % 8, neg[:, k, :, 2 * ib + half], number // 8)
            sixteen_scales(out, 24, sc)
            pairs(out, 56, codes)
            third_bits(out, 312, codes)
            scale = (2 * wide(sc, 16) + 1) * (1 - 2 * wide(neg, 16))
        else:
            sixteen_scales(out, 32, sc, 16)
            nibbles(out, 64, codes, 4, 64)
            if bits == 5:
                fifth_bits(out, 576, codes)
            scale = wide(sc, 16) - 32
        yield f.case(scheme, out, wide(d) * scale * levels[codes + (np.repeat(up, 16, axis=-1) << bits)])
    for bits, scheme, size, levels in (4, "iq4_ks", 544, IQ4), (5, "iq5_ks", 672, IQ5):
        d, codes, sc, out = f.row_d(), f.integers(1 << bits, 256), f.integers(256, 8), f.out(size, 16)
        out.head[:] = d.view(np.uint8).reshape(len(d), -1)
        for k in range(4):
            for ib in range(8):
                out.put(4 * ib + k, sc[:, k, :, ib])
        nibbles(out, 32, codes, 4, 64)
        if bits == 5:
            fifth_bits(out, 544, codes)
        scale = wide((sc & 254) - 127, 32)
        yield f.case(scheme, out, wide(wide(d)) * scale * levels[codes + (np.repeat(sc & 1, 32, axis=-1) << bits)])
    f = Rows(rng, special, 8, 256)
    d, codes, sc, out = f.d(), f.integers(16, 256), f.integers(64, 8), f.out(1088)
    for k in range(8):
        out.halves(0, k, d[:, k])
        for ib in range(8):
            number = 8 * ib + k
            out.put(32 + number % 32, sc[:, k, :, ib] & 15, 4 * (number // 32))
            out.put(16 + number % 16, sc[:, k, :, ib] >> 4, 2 * (number // 16))
            for l in range(4):
                for i in range(4):
                    out.put(64 + 128 * ib + 4 * k + i + 32 * l, codes[:, k, :, 32 * ib + 8 * l + i])
                    out.put(64 + 128 * ib + 4 * k + i + 32 * l, codes[:, k, :, 32 * ib + 8 * l + i + 4], 4)
    yield f.case("iq4_xs", out, wide(d) * (wide(sc, 32) - 32) * IQ4[codes])
    f = Rows(rng, special, 4, 64)
    d, codes, out = f.row_d(), f.integers(4, 64), f.out(64, 16)
    out.head[:] = d.view(np.uint8).reshape(len(d), -1)
    for k in range(4):
        for j in range(64):
            out.put(4 * k + j % 4 + 16 * (j // 16), codes[:, k, :, j], 2 * (j // 4 % 4))
    yield f.case("iq2_bn", out, wide(wide(d)) * (codes - 1))


# ---- grids -----------------------------------------------------------------------------------------------


def little(numbers, size):
    """Integers as `size` bytes each: [.., count * size]."""
    return np.ascontiguousarray(numbers.astype(f"<u{size}")).view(np.uint8)


def joined(f, name, *parts):
    """What the package makes of the blocks of the rows that are not interleaved."""
    blocks = np.concatenate([p.reshape(f.groups * f.rows * f.blocks, -1) for p in parts], axis=1)
    with np.errstate(invalid="ignore"):
        return quants.dequantize(np.ascontiguousarray(blocks), GGMLQuantizationType[name]).astype(np.float32)


def changes(signs):
    """The 7 signs as the interleaved types store them: so that the exclusive or with itself, one bit higher, gives them."""
    out = np.zeros_like(signs)
    for bit in range(7):
        out |= (signs >> bit & 1 ^ (out >> bit - 1 & 1 if bit > 0 else 0)) << bit
    return out


def single(f, scheme, out, expected):
    case = f.case(scheme, out, expected)
    case.expected = expected.reshape(case.expected.shape)
    return case


def grids(rng, special):
    f = Rows(rng, special, 4, 256)
    d = rng.normal(size=(2, 4, 2)).astype("<f2")
    half = little(d.view("<u2")[..., None], 2)
    for scheme, name, count, per in ("iq2_xxs", "IQ2_XXS", 32, 4), ("iq3_xxs", "IQ3_XXS", 64, 8):
        point, sign, sc, out = f.integers(256, count), f.integers(128, 32), f.integers(16, 8), f.out(136 + 4 * count)
        for k in range(4):
            out.halves(0, k, d[:, k])
            for ib in range(8):
                for i in range(4):
                    out.put(8 + 16 * ib + 4 * k + i, sc[:, k, :, ib] >> i & 1 | changes(sign)[:, k, :, 4 * ib + i] << 1)
                for i in range(per):
                    out.put(136 + 4 * per * ib + per * k + i, point[:, k, :, per * ib + i])
        word = sum(sign[..., i::4] << 7 * i for i in range(4)) | sc << 28
        word = little(word, 4).reshape(2, 4, 2, 8, 4)
        points = little(point, 1).reshape(2, 4, 2, 8, per)
        both = [np.concatenate([points, word], axis=-1)] if per == 4 else [points, word]
        yield single(f, scheme, out, joined(f, name, half, *both))

    point, sign, sc, out = f.integers(512, 32), f.integers(128, 32), f.integers(16, 16), f.out(296)
    for k in range(4):
        out.halves(0, k, d[:, k])
        for ib in range(8):
            out.put(264 + 4 * ib + k, sc[:, k, :, 2 * ib] | sc[:, k, :, 2 * ib + 1] << 4)
            for i in range(4):
                word = point[:, k, :, 4 * ib + i] | changes(sign)[:, k, :, 4 * ib + i] << 9
                for byte in range(2):
                    out.put(8 + 2 * (16 * ib + 4 * k + i) + byte, word >> 8 * byte & 255)
    scales = little(sc[..., ::2] | sc[..., 1::2] << 4, 1)
    yield single(f, "iq2_xs", out, joined(f, "IQ2_XS", half, little(point | sign << 9, 2), scales))

    point, sign, sc, out = f.integers(1024, 32), f.integers(256, 32), f.integers(16, 16), f.out(328)
    for k in range(4):
        out.halves(0, k, d[:, k])
        for ib in range(8):
            out.put(296 + 4 * ib + k, sc[:, k, :, 2 * ib] | sc[:, k, :, 2 * ib + 1] << 4)
            for i in range(4):
                p = point[:, k, :, 4 * ib + i]
                out.put(8 + 16 * ib + 4 * k + i, p & 255)
                out.put(136 + 4 * ib + k, p >> 8, 2 * i)
                out.put(168 + 16 * ib + 4 * k + i, sign[:, k, :, 4 * ib + i])
    high = sum(point[..., i::4] >> 8 << 2 * i for i in range(4))
    scales = little(sc[..., ::2] | sc[..., 1::2] << 4, 1)
    yield single(f, "iq2_s", out, joined(f, "IQ2_S", half, little(point & 255, 1), little(sign, 1), little(high, 1), scales))

    point, sign, sc, out = f.integers(512, 64), f.integers(2, 256), f.integers(16, 8), f.out(440)
    for k in range(4):
        out.halves(0, k, d[:, k])
        for ib in range(8):
            number = 4 * ib + k
            out.put(424 + number % 16, sc[:, k, :, ib], 4 * (number // 16))
            for i in range(4):
                for both in range(2):
                    p = point[:, k, :, 8 * ib + 4 * both + i]
                    out.put(8 + 32 * ib + k + 8 * i + 4 * both, p & 255)
                    out.put(264 + 4 * ib + k, p >> 8, i + 4 * both)
                    for j in range(4):
                        out.put(296 + 16 * ib + 4 * k + j, sign[:, k, :, 32 * ib + 16 * both + 4 * i + j], i + 4 * both)
    high = sum(point[..., i::8] >> 8 << i for i in range(8))
    signs = sum(sign[..., i::8] << i for i in range(8))
    scales = little(sc[..., ::2] | sc[..., 1::2] << 4, 1)
    yield single(f, "iq3_s", out, joined(f, "IQ3_S", half, little(point & 255, 1), little(high, 1), little(signs, 1), scales))


def one_bit(rng, special):
    quants.IQ1_S.init_grid()
    grid = np.asarray(quants.IQ1_S.grid, dtype=np.float64).reshape(2048, 8)
    f = Rows(rng, special, 4, 32)
    d = scales_of(rng, "<f2", 2 * 4, special).reshape(2, 4)
    scale = d.astype(np.float64)[:, :, None]
    point, down, sc, out = f.integers(2048, 4), f.integers(2, 1)[..., 0], f.integers(8, 1)[..., 0], f.out(24, 8)
    out.head[:] = d.view(np.uint8).reshape(2, 8)
    for k in range(4):
        high = sum(point[:, k, :, i] >> 8 << 3 * i for i in range(4)) | sc[:, k] << 12 | down[:, k] << 15
        for i in range(4):
            out.put(4 * i + k, point[:, k, :, i] & 255)
        for byte in range(2):
            out.put(16 + 2 * k + byte, high >> 8 * byte & 255)
    shift = np.where(down, -0.125, 0.125)[..., None, None]
    yield f.case("iq1_s_r4", out, (scale * (2 * sc + 1))[..., None, None] * (grid[point] + shift), "gguf")

    down, sc, out = f.integers(2, 4), f.integers(16, 2), f.out(28, 8)
    out.head[:] = d.view(np.uint8).reshape(2, 8)
    for k in range(4):
        out.put(24 + k, sc[:, k, :, 0] | sc[:, k, :, 1] << 4)
        for i in range(2):
            for half in range(2):
                p = point[:, k, :, 2 * i + half]
                out.put(8 * i + k + 4 * half, p & 255)
                out.put(16 + 4 * i + k, p >> 8 | down[:, k, :, 2 * i + half] << 3, 4 * half)
    shift = np.where(down, -0.125, 0.125)[..., None]
    yield f.case("iq1_m_r4", out, np.repeat(scale[..., None] * sc, 2, axis=-1)[..., None] * (grid[point] + shift), "gguf")


def cases(rng):
    with np.errstate(invalid="ignore", over="ignore"):
        for make in blocks_of_32, eight_rows, bytes_of_256, rows_of_bytes, k_quants, iqk_quants, grids, one_bit:
            for special in True, False:
                yield from make(rng, special)
