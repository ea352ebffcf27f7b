"""Vector codebooks and computed codes against plain numpy, written from what their papers and packages say: additive
quantization (AQLM), residual and product quantization, VPTQ, the E8P lattice of QuIP# (its grid is made here by its
definition), the three computed codes of QTIP and EXL3, QTIP's table of pairs, and EXL3's tiles. Weights are those before the steps of input and output."""

import itertools

import numpy as np

from references import Case

REFERENCE = "numpy"

ROWS, COLUMNS = 5, 512


def halves(rng, shape):
    return rng.normal(size=shape).astype(np.float16)


def additive(rng, scheme, books, bits, length):
    kind = np.uint8 if bits == 8 else np.uint16
    codes = rng.integers(0, 1 << bits, (ROWS, COLUMNS // length, books)).astype(kind)
    book = halves(rng, (books, 1 << bits, 1, length))
    scales = halves(rng, (ROWS, 1, 1, 1))
    vectors = sum(book[b, codes[:, :, b].astype(np.int64), 0].astype(np.float64) for b in range(books))
    value = vectors.reshape(ROWS, COLUMNS) * scales.reshape(ROWS, 1).astype(np.float64)
    return Case(scheme, "aqlm", {"codes": codes, "codebooks": book, "scales": scales}, value, f"{books}x{bits}")


def residual(rng):
    codes = rng.integers(0, 256, (ROWS, COLUMNS // 8, 3)).astype(np.uint8)
    books, scales = halves(rng, (3, 256, 8)), halves(rng, ROWS)
    total = np.zeros((ROWS, COLUMNS // 8, 8))
    for stage in range(3):
        total += books[stage].astype(np.float64)[codes[..., stage]]
    value = total.reshape(ROWS, COLUMNS) * scales[:, None].astype(np.float64)
    return Case("rvq", "files", {"codes": codes, "books": books, "scales": scales}, value, "three stages")


def product(rng):
    codes, books = rng.integers(0, 256, (ROWS, COLUMNS // 8)).astype(np.uint8), halves(rng, (4, 256, 8))
    value = np.concatenate([books[g % 4].astype(np.float64)[codes[:, g]] for g in range(COLUMNS // 8)], axis=1)
    return Case("pq", "files", {"codes": codes, "books": books}, value, "four parts")


# ---- E8P: half-odd vectors of even sum within a radius of 10 by their magnitudes, then 29 of norm 12 ------------------

NORM_12 = """31113333 13113333 11313333 11133333 33313311 33313131 33311331 33313113 33311313 33311133 33133311 33133131 33131331
33133113 33131313 33131133 31333311 31333131 31331331 31333113 31331313 13331133 13333311 13333131 13331331 13333113 13331313
11331333 33113331"""


def magnitudes():
    odd = np.array([1, 3, 5])  # five halves squared leave room for no more than seven halves
    found = []
    for v in itertools.product(odd, repeat=8):
        squares = np.square(v).sum()
        # Some choice of signs makes the sum of the halves even: flipping one entry x changes it by x, an odd number.
        if squares <= 40:
            found.append(v)
    return np.array(sorted(found) + [[int(c) for c in word] for word in NORM_12.split()])


def e8p_points():
    grid = magnitudes()
    assert grid.shape == (256, 8)
    points = np.empty((65536, 8))
    for code in range(65536):
        v = grid[code >> 8] / 2
        signs, parity = code & 255, bin(code & 255).count("1") & 1
        signs ^= parity
        # Bit j of the signs belongs to entry order[j]; the entry of bit 7 is negated where the sum is odd.
        order = [0, 2, 4, 6, 1, 3, 5, 7]
        w = v.copy()
        if v.sum() % 2 != 0:
            w[7] = -w[7]
        for j, entry in enumerate(order):
            if signs >> j & 1:
                w[entry] = -w[entry]
        points[code] = w + (-0.25 if parity else 0.25)
    return points


def lattice(rng):
    codes = np.arange(65536, dtype=np.uint16).reshape(64, 1024)
    scale = np.array([1.09375], dtype=np.float32)
    value = e8p_points()[codes].reshape(64, 8192) * scale.astype(np.float64)
    return Case("e8p", "files", {"Qidxs": codes, "Wscale": scale}, value, "every code")


# ---- computed codes ------------------------------------------------------------------------------------------------------


def as_half(bits):
    return bits.astype(np.uint16).view(np.float16)


def scrambled(x):
    x = (x & 0x8FFF8FFF) ^ 0x3B603B60
    return as_half(x & 0xFFFF) + as_half(x >> 16)  # numpy rounds the sum to half


def three_instructions(w):
    return scrambled((w * 89226354 + 64248484) & 0xFFFFFFFF)


def generator(w):
    return scrambled((w * 0xCBAC1FED) & 0xFFFFFFFF)


def byte_sum(w):
    x = (w * 0x83DCD12D) & 0xFFFFFFFF
    total = 1024 + (x & 255) + (x >> 8 & 255) + (x >> 16 & 255) + (x >> 24)
    exact = total.astype(np.float64) * float(as_half(np.array(0x1EEE))) + float(as_half(np.array(0xC931)))
    return exact.astype(np.float16)


CODES = {"trellis_3inst": three_instructions, "trellis_mcg": generator, "trellis_mul1": byte_sum}


# QTIP's HYB code: quantlut_sym of its codebook (L = 16, V = 2, 9 bits), in numpy.
def pairs(states, table):
    scrambled = (states + np.uint64(1)) * states
    found = table[(scrambled >> np.uint64(6) & np.uint64(511)).astype(np.int64)]
    found[..., 0] *= 1 - 2.0 * (scrambled >> np.uint64(15) & np.uint64(1)).astype(np.float64)
    return found


def shared(rng):
    for bits, span in ((2, 256), (1, 64), (3, 128)):
        codes = rng.integers(0, 1 << bits, (ROWS, COLUMNS)).astype("<u4")
        table, scales = halves(rng, (512, 2)), halves(rng, ROWS)
        states = windows(codes, bits, span)[:, 1::2]
        value = pairs(states, table.astype(np.float64)).reshape(ROWS, COLUMNS) * scales[:, None].astype(np.float64)
        scheme = f"trellis_hyb(bits={bits},span={span})" if (bits, span) != (2, 256) else "trellis_hyb"
        tensors = {"code": codes, "tlut": table.view(np.uint16).astype("<u4"), "scale": scales.view(np.uint16).astype("<u4")}
        yield Case(scheme, "-", tensors, value, f"{bits} bits")


def windows(codes, bits, span):
    stream = codes.reshape(ROWS, -1, span).astype(np.uint64)
    window = np.zeros_like(stream)
    for back in range((16 + bits - 1) // bits):
        window |= np.roll(stream, back, axis=-1) << np.uint64(back * bits)
    return (window & np.uint64(0xFFFF)).reshape(ROWS, -1)


def computed(rng):
    for name, code_of in CODES.items():
        for bits, span in ((2, 256), (3, 256), (4, 128), (1, 32)):
            codes = rng.integers(0, 1 << bits, (ROWS, COLUMNS)).astype("<u4")
            scales = halves(rng, ROWS)
            value = code_of(windows(codes, bits, span)).astype(np.float64) * scales[:, None].astype(np.float64)
            scheme = f"{name}(bits={bits},span={span})" if (bits, span) != (2, 256) else name
            tensors = {"code": codes, "scale": scales.view(np.uint16).astype("<u4")}
            yield Case(scheme, "-", tensors, value, f"{bits} bits")


# ---- EXL3's tiles: a ring of bits, most significant first, whose windows end with each weight's own bits ---------------


def tensor_core_order():
    """(k, n) of each number of a tile in the ring's order: a lane of 32 holds four rows of two columns."""
    order = []
    for lane in range(32):
        rows = [lane % 4 * 2 + r for r in (0, 1, 8, 9)]
        order += [(r, lane // 4 + c) for c in (0, 8) for r in rows]
    return order


def ring_windows(words, bits):
    bitstring = "".join(f"{int(w):016b}" for w in words.reshape(-1, 2)[:, ::-1].reshape(-1))
    ends = [(t + 1) * bits for t in range(256)]
    doubled = bitstring + bitstring
    return [int(doubled[len(bitstring) + end - 16: len(bitstring) + end], 2) for end in ends]


def tiles(rng):
    for name, code_of in (("exl3", three_instructions), ("exl3_mcg", generator), ("exl3_mul1", byte_sum)):
        for bits in (2, 3, 5):
            down, across = 4, 3
            trellis = rng.integers(0, 65536, (down, across, 16 * bits)).astype(np.uint16)
            codes = np.zeros((16 * across, 16 * down), dtype=np.uint64)
            for i in range(down):
                for j in range(across):
                    for window, (k, n) in zip(ring_windows(trellis[i, j], bits), tensor_core_order()):
                        codes[16 * j + n, 16 * i + k] = window
            tensors = {"trellis": trellis.view(np.int16), "suh_": halves(rng, 16 * down), "svh_": halves(rng, 16 * across)}
            scheme = name if bits == 2 else f"{name}(bits={bits})"
            yield Case(scheme, "exl3", tensors, code_of(codes).astype(np.float64), f"{bits} bits", values=True)


def columns_of_vectors(rng):
    n, k = 40, 24
    vectors = n // 8
    main, rest = rng.integers(0, 65536, (k, vectors)), rng.integers(0, 256, (k, vectors))
    joined = (main | rest << 16).astype(np.uint64)
    stream = (joined[..., None] >> np.arange(24, dtype=np.uint64)) & np.uint64(1)
    packed = np.packbits(stream.reshape(k, -1).astype(np.uint8), axis=-1, bitorder="little")
    packed = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 4))).view(np.int32)[None]
    book, second, perm = halves(rng, (65536, 8)), halves(rng, (256, 8)), rng.permutation(k).astype(np.int16)
    scale, offset = halves(rng, k), halves(rng, k)
    down = (book.astype(np.float64)[main] + second.astype(np.float64)[rest]).reshape(k, n)
    value = (scale[perm, None].astype(np.float64) * down + offset[perm, None].astype(np.float64)).T
    tensors = {"indices": packed, "centroids": book.reshape(1, -1), "res_centroids": second.reshape(1, -1),
               "weight_scale": scale, "weight_bias": offset, "perm": perm}
    return Case("vptq", "vptq", tensors, value, "65536 and 256 vectors of 8", values=True)


def signed_lattice(rng):
    points, scale = lattice(rng).expected, np.array([1.09375], dtype=np.float32)
    tensors = {"Qidxs": np.arange(65536, dtype=np.uint16).reshape(64, 1024), "Wscale": scale, "SU": halves(rng, 8192),
               "SV": halves(rng, 64)}
    return Case("quip_sharp", "files", tensors, points, "every code", values=True)


def cases(rng):
    yield from tiles(rng)
    yield columns_of_vectors(rng)
    yield signed_lattice(rng)
    yield additive(rng, "aqlm", 1, 16, 8)
    yield additive(rng, "aqlm(books=2,bits=8,length=4)", 2, 8, 4)
    yield additive(rng, "aqlm_2x8", 2, 8, 8)
    yield additive(rng, "aqlm_2x8(length=16)", 2, 8, 16)
    yield residual(rng)
    yield product(rng)
    yield lattice(rng)
    yield from computed(rng)
    yield from shared(rng)
