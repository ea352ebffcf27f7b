"""Types of ik_llama.cpp's GGUF files whose rows are their own: blocks, with or without a head before the first one. Decoders
in numpy, one step after the other as dequantize_row_* of iqk_quantize.cpp has them, in float64, where all products are exact.
"""

import numpy as np

from references import Case

REFERENCE = "definition in ik_llama.cpp"

IQ2 = np.array([-31, -13, 1, 17, -26, -8, 6, 22])
IQ3 = np.array([-63, -40, -23, -10, 1, 13, 28, 47, -59, -36, -19, -6, 5, 17, 32, 51])
IQ4 = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
                -123, -100, -79, -61, -45, -31, -18, -6, 5, 17, 29, 42, 57, 73, 93, 117])
IQ5 = np.array([-126, -114, -103, -92, -83, -74, -65, -57, -50, -43, -36, -30, -24, -18, -12, -6,
                -1, 5, 11, 17, 23, 29, 36, 43, 51, 59, 68, 77, 87, 97, 109, 121,
                -124, -112, -101, -90, -81, -72, -63, -55, -48, -41, -34, -28, -22, -16, -10, -4,
                1, 7, 13, 19, 25, 31, 38, 45, 53, 61, 70, 79, 89, 99, 111, 123])
IQ6 = np.array([-127, -121, -115, -109, -104, -98, -93, -88, -84, -79, -74, -70, -66, -62, -58, -54,
                -51, -47, -44, -40, -37, -34, -31, -28, -25, -22, -19, -16, -13, -11, -8, -5,
                -2, 0, 3, 6, 9, 12, 14, 17, 20, 23, 27, 30, 33, 36, 40, 44,
                47, 51, 55, 59, 63, 68, 72, 77, 82, 87, 92, 98, 103, 109, 115, 121])
IQ6 = np.concatenate([IQ6, IQ6 + 1])
IQ2KL = np.array([0xE9C1, 0x0DC1, 0xC1D8, 0xF6D8, 0x0DD8, 0x2FD8, 0xD8E9, 0xE9E9, 0x01E9, 0x0DE9, 0x1CE9, 0xC1F6, 0x01F6,
                  0x0DF6, 0x2FF6, 0xE901, 0xF601, 0x0101, 0x0D01, 0x1C01, 0xD80D, 0xE90D, 0xF60D, 0x010D, 0x0D0D, 0xC11C,
                  0xE91C, 0x011C, 0x1C1C, 0x2F1C, 0xE92F, 0x0D2F], dtype="<u2").view("<i1").reshape(32, 2)


def words(b, at, count=1, kind="<u2"):
    """Integers of each block from byte `at` on: [blocks, count]."""
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(b[:, at : at + count * size]).view(kind).astype(np.int64)


def halves(b):
    return np.ascontiguousarray(b[:, :2]).view("<f2").astype(np.float64)[:, 0]


def iq2_k(b):
    d, extra, scales, qs = halves(b), words(b, 2)[:, 0], b[:, 4:12].astype(int), b[:, 12:76].astype(int)
    y = np.empty((len(b), 256))
    for ib in range(8):
        for half in range(2):
            dl = d * ((scales[:, ib] >> 4 * half & 15) - 8)
            up = extra >> (2 * ib + half) & 1
            q = qs[:, 32 * (ib // 4) + 16 * half :][:, :16] >> 2 * (ib % 4) & 3
            y[:, 32 * ib + 16 * half :][:, :16] = dl[:, None] * IQ2[q + 4 * up[:, None]]
    return y


def iq3_k(b):
    d, extra, signs, scales = halves(b), words(b, 2)[:, 0], words(b, 4)[:, 0], b[:, 6:14].astype(int)
    qs, qh = b[:, 14:78].astype(int), b[:, 78:110].astype(int)
    y = np.empty((len(b), 256))
    for ib in range(8):
        for half in range(2):
            sign = 1 - 2 * (signs >> (2 * ib + half) & 1)
            dl = d * ((2 * (scales[:, ib] >> 4 * half & 15) + 1) * sign)
            up = extra >> (2 * ib + half) & 1
            low = qs[:, 32 * (ib // 4) + 16 * half :][:, :16] >> 2 * (ib % 4) & 3
            q = low | (qh[:, 16 * half :][:, :16] >> ib & 1) << 2
            y[:, 32 * ib + 16 * half :][:, :16] = dl[:, None] * IQ3[q + 8 * up[:, None]]
    return y


def iq4_k(b):
    d, extra, sh, sl, qs = halves(b), words(b, 2)[:, 0], b[:, 4:8].astype(int), b[:, 8:16].astype(int), b[:, 16:144].astype(int)
    y = np.empty((len(b), 256))
    for ib in range(8):
        h = sh[:, ib // 2] >> 4 * (ib % 2)
        for half in range(2):
            ls = (sl[:, ib] >> 4 * half & 15) | (h >> 2 * half & 3) << 4
            up = extra >> (2 * ib + half) & 1
            q = qs[:, 16 * ib :][:, :16] >> 4 * half & 15
            y[:, 32 * ib + 16 * half :][:, :16] = (d * (ls - 32))[:, None] * IQ4[q + 16 * up[:, None]]
    return y


def iq5_k(b):
    d, extra, sh, sl = halves(b), words(b, 2)[:, 0], b[:, 4:8].astype(int), b[:, 8:16].astype(int)
    qs, qh = b[:, 16:144].astype(int), b[:, 144:176].astype(int)
    y = np.empty((len(b), 256))
    for ib64 in range(4):
        for quarter in range(4):
            ls = (sl[:, 2 * ib64 + quarter // 2] >> 4 * (quarter % 2) & 15) | (sh[:, ib64] >> 2 * quarter & 3) << 4
            up = extra >> (4 * ib64 + quarter) & 1
            j = 16 * (quarter % 2)
            q = qs[:, 32 * ib64 + j :][:, :16] >> 4 * (quarter // 2) & 15
            q = q | (qh[:, j:][:, :16] >> (2 * ib64 + quarter // 2) & 1) << 4
            y[:, 64 * ib64 + 16 * quarter :][:, :16] = (d * (ls - 32))[:, None] * IQ5[q + 32 * up[:, None]]
    return y


def iq6_k(b):
    d, extra, sl = halves(b), words(b, 2)[:, 0], words(b, 4, 16, "<i1")
    qs, qh = b[:, 20:148].astype(int), b[:, 148:212].astype(int)
    y = np.empty((len(b), 256))
    for ib64 in range(4):
        for quarter in range(4):
            up = extra >> (4 * ib64 + quarter) & 1
            j = 16 * (quarter % 2)
            q = qs[:, 32 * ib64 + j :][:, :16] >> 4 * (quarter // 2) & 15
            shift = 4 * (ib64 % 2) + 2 * (quarter // 2)
            q = q | (qh[:, 32 * (ib64 // 2) + j :][:, :16] >> shift & 3) << 4
            y[:, 64 * ib64 + 16 * quarter :][:, :16] = (d * sl[:, 4 * ib64 + quarter])[:, None] * IQ6[q + 64 * up[:, None]]
    return y


def q6_0(b):
    d, qh, qs = halves(b), b[:, 2:10].astype(int), b[:, 10:26].astype(int)
    y = np.empty((len(b), 32))
    for j in range(16):
        h = qh[:, j % 8] >> 4 * (j // 8)
        y[:, j] = d * ((qs[:, j] & 15 | h << 4 & 0x30) - 32)
        y[:, j + 16] = d * ((qs[:, j] >> 4 | h << 2 & 0x30) - 32)
    return y


# Of rows with a head: the blocks behind it, and the row's scale for each of them.


def iq2_ks(b, d):
    extra, scales, qs = words(b, 0)[:, 0], b[:, 2:6].astype(int), b[:, 6:70].astype(int)
    y = np.empty((len(b), 256))
    for ib64 in range(4):
        for half in range(2):
            e = extra >> 2 * ib64
            ls = (scales[:, ib64] >> 4 * half & 15) | e >> (4 + half) & 16
            q = qs[:, 32 * (ib64 // 2) :][:, :32] >> (4 * (ib64 % 2) + 2 * half) & 3
            y[:, 64 * ib64 + 32 * half :][:, :32] = (d * (ls - 16))[:, None] * IQ2[q + 4 * (e >> half & 1)[:, None]]
    return y


def iq3_ks(b, d):
    extra, scales, qs, qh = words(b, 0)[:, 0], b[:, 2:6].astype(int), b[:, 6:70].astype(int), b[:, 70:102].astype(int)
    y = np.empty((len(b), 256))
    for i128 in range(2):
        for ib in range(4):
            ls = (scales[:, ib] >> 4 * i128 & 15) | (extra >> (ib + 4 * i128) & 1) << 4
            q = qs[:, 32 * i128 :][:, :32] >> 2 * ib & 3 | (qh >> (4 * i128 + ib) & 1) << 2
            up = extra >> (8 + 4 * i128 + ib) & 1
            y[:, 128 * i128 + 32 * ib :][:, :32] = (d * (ls - 16))[:, None] * IQ3[q + 8 * up[:, None]]
    return y


def iq4_ks(b, d):
    scales, qs = b[:, :8].astype(int), b[:, 8:].astype(int)
    y = np.empty((len(b), 256))
    for ib in range(8):
        for half in range(2):
            q = qs[:, 16 * ib :][:, :16] >> 4 * half & 15
            ls, up = (scales[:, ib] & 254) - 127, scales[:, ib] & 1
            y[:, 32 * ib + 16 * half :][:, :16] = (d * ls)[:, None] * IQ4[q + 16 * up[:, None]]
    return y


def iq5_ks(b, d):
    scales, qs, qh = b[:, :8].astype(int), b[:, 8:136].astype(int), b[:, 136:].astype(int)
    y = np.empty((len(b), 256))
    for ib in range(8):
        q = qs[:, 32 * (ib // 2) :][:, :32] >> 4 * (ib % 2) & 15 | (qh >> ib & 1) << 4
        ls, up = (scales[:, ib] & 254) - 127, scales[:, ib] & 1
        y[:, 32 * ib :][:, :32] = (d * ls)[:, None] * IQ5[q + 32 * up[:, None]]
    return y


def iq4_kss(b, d):
    y = np.empty((len(b), 256))
    qs = words(b, 0, 64)
    for ib in range(8):
        w = qs[:, 8 * ib :][:, :8]
        ls = sum((w[:, k] & 1) << k for k in range(8))
        codes = w & 0xFFFE
        codes = codes ^ codes >> 1
        for j in range(16):
            byte = codes[:, j // 2] >> 8 * (j % 2) & 255
            for half in range(2):
                y[:, 32 * ib + 16 * half + j] = d * ((ls & 254) - 127) * IQ4[(byte >> 4 * half & 15) + 16 * (ls & 1)]
    return y


def iq2_kl(b, d):
    high, low, qs, qh = words(b, 0)[:, 0], b[:, 2:6].astype(int), b[:, 6:70].astype(int), b[:, 70:86].astype(int)
    y = np.empty((len(b), 256))
    for ib64 in range(4):
        for half in range(2):
            ls = (low[:, (2 * ib64 + half) % 4] >> 4 * (ib64 // 2) & 15) | (high >> (4 * ib64 + 2 * half) & 3) << 4
            q = qs[:, 16 * ib64 :][:, :16] >> 4 * half & 15 | (qh >> (2 * ib64 + half) & 1) << 4
            y[:, 64 * ib64 + 32 * half :][:, :32] = (d * (ls - 32))[:, None] * IQ2KL[q].reshape(len(b), 32)
    return y


def trellis(index, count):
    """The numbers that follow from an index with its offset: [.., count]."""
    x, out = index.astype(np.uint32), []
    for _ in range(count):
        x = x * np.uint32(0xCBAC1FED)
        s = x & np.uint32(0x3F3F3F3F)
        out.append((s & 255).astype(int) + (s >> 8 & 255) + (s >> 16 & 255) + (s >> 24) - 126)
    return np.stack(out, axis=-1)


def iq1_kt(b, d):
    sh, ql, qh = b[:, :8].astype(int), b[:, 8:40].astype(int), b[:, 40:56].astype(int)
    y = np.empty((len(b), 256))
    for ib in range(8):
        for ig in range(4):
            index = ql[:, 4 * ib + ig] | qh[:, 4 * (ib % 4) + ig] << (8 - 4 * (ib // 4)) & 0xF00
            index = index | sh[:, ib] << (8 - ig) & 0x1000
            y[:, 32 * ib + 8 * ig :][:, :8] = (d * IQ4[sh[:, ib] & 15])[:, None] * trellis(index + 4096, 8)
    return y


def halved(b, d, scale, weights):
    """Two halves of a block whose scales share bytes: blocks of 32 weights ib of both, and 16-bit indices of groups of 8."""
    y = np.empty((len(b), 256))
    index = words(b, 4, 32)
    for half in range(2):
        for ib in range(4):
            for ig in range(4):
                at = 128 * half + 32 * ib + 8 * ig
                x = trellis(index[:, 16 * half + 4 * ib + ig] + 4096, 8)
                y[:, at : at + 8] = (d * scale(b[:, ib].astype(int) >> 4 * half & 15))[:, None] * weights(x, half, ib, ig)
    return y


def iq2_kt(b, d):
    return halved(b, d, lambda s: IQ4[s], lambda x, half, ib, ig: x)


def iq3_kt(b, d):
    qh = b[:, 68:100].astype(int)
    return halved(b, d, lambda s: s, lambda x, half, ib, ig: np.where(qh[:, 8 * ig :][:, :8] & (1 << ib + 4 * half), -1.0, 1.0) * abs(x))


def iq4_kt(b, d):
    shb, ql, qh = words(b, 0, 8, "<u4"), b[:, 32:96].astype(int), b[:, 96:128].astype(int)
    y = np.empty((len(b), 256))
    for ib in range(8):
        offset = np.where(shb[:, ib] & 1, 32768 + 4096, 4096)
        ls = ((shb[:, ib] & 0xFF) >> 1) - 64
        for ig in range(8):
            jj = 8 * ib + ig
            index = ql[:, jj] | qh[:, jj % 32] << (8 - 4 * (jj // 32)) & 0xF00 | (shb[:, ib] >> (8 + 3 * ig) & 7) << 12
            y[:, 4 * jj :][:, :4] = (d * ls)[:, None] * trellis(index + offset, 4)
    return y


def iq1_bn(b, d):
    mult, y = [81, 27, 9, 3, 1], []

    def digit(byte, j):
        v = byte.astype(int) * mult[j] % 256
        return (v + (v >> 1) >> 7) - 1

    for i16 in range(4):
        y += [digit(b[:, 3 * i16 + k], j) for k in range(3) for j in range(5)] + [digit(b[:, 12], i16)]
    return d[:, None] * np.stack(y, axis=1)


def iq2_bn(b, d):
    return d[:, None] * np.concatenate([(b >> 2 * j & 3).astype(int) - 1 for j in range(4)], axis=1)


# scheme: (weights and bytes of a block, its decoder)
BLOCKS = {
    "iq2_k": (256, 76, iq2_k), "iq3_k": (256, 110, iq3_k), "iq4_k": (256, 144, iq4_k), "iq5_k": (256, 176, iq5_k),
    "iq6_k": (256, 212, iq6_k), "q6_0": (32, 26, q6_0),
}
# scheme: (type of the head, weights and bytes of a block, its decoder)
ROWS = {
    "iq2_ks": ("<f2", 256, 70, iq2_ks), "iq3_ks": ("<f2", 256, 102, iq3_ks), "iq4_ks": ("<f4", 256, 136, iq4_ks),
    "iq5_ks": ("<f4", 256, 168, iq5_ks), "iq4_kss": ("<f4", 256, 128, iq4_kss), "iq2_kl": ("<f2", 256, 86, iq2_kl),
    "iq1_kt": ("<f4", 256, 56, iq1_kt), "iq2_kt": ("<f4", 256, 68, iq2_kt), "iq3_kt": ("<f4", 256, 100, iq3_kt),
    "iq4_kt": ("<f4", 256, 128, iq4_kt), "iq1_bn": ("<f2", 64, 13, iq1_bn), "iq2_bn": ("<f4", 64, 16, iq2_bn),
}


def scales_of(rng, kind, rows, special=True):
    """Ordinary ones, and (special) zero, the least and the greatest, an infinity and NaN."""
    out = rng.normal(size=rows).astype(kind)
    if not special:
        return out
    info = np.finfo(kind)
    special = [0.0, -0.0, info.smallest_subnormal, info.max, np.inf, np.nan]
    out[-len(special) :] = special
    return out


def cases(rng):
    for scheme, (weights, size, decode) in BLOCKS.items():
        for what, blocks in ("random bytes", rng.integers(0, 256, (400, size), dtype=np.uint8)), \
                            ("ordinary scales", rng.integers(0, 256, (8, size), dtype=np.uint8)), \
                            ("all ones", np.full((2, size), 255, dtype=np.uint8)):
            if what == "ordinary scales":
                blocks[:, :2] = scales_of(rng, "<f2", len(blocks), False).view(np.uint8).reshape(-1, 2)
            with np.errstate(invalid="ignore"):
                yield Case(scheme, "gguf", {"": blocks}, decode(blocks).reshape(len(blocks), weights), what)
    for scheme, (kind, weights, size, decode) in ROWS.items():
        for rows, count, special in (24, 8, True), (5, 2, False):
            blocks = rng.integers(0, 256, (rows * count, size), dtype=np.uint8)
            d = scales_of(rng, kind, rows, special)
            data = np.concatenate([d.view(np.uint8).reshape(rows, -1), blocks.reshape(rows, -1)], axis=1)
            with np.errstate(invalid="ignore"):
                expected = decode(blocks, np.repeat(d.astype(np.float64), count)).reshape(rows, -1)
            yield Case(scheme, "gguf", {"data": data}, expected, f"random bytes, {count} blocks in a row")
