"""Sums of a dense and a sparse matrix or of thin ones, and sparse matrices alone, as their files lay them out. Written in
numpy from the publications' formulas; sums and products in float64."""

import numpy as np
from packings import random_codes, random_scales, spread, stream

from references import Case

REFERENCE = "numpy from publications"


def entries(rng, rows, columns, count):
    """Rows, columns in order, and where each row begins."""
    places = np.sort(rng.choice(rows * columns, size=count, replace=False))
    row, column = places // columns, places % columns
    return row, column, np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])


def scattered(shape, row, column, values):
    full = np.zeros(shape)
    full[row, column] = values.astype(np.float64)
    return full


def squeezellm(rng):
    # Kim et al., 2023: a table for each output, and a sparse matrix that is added
    for rows, columns, count in ((5, 64, 9), (12, 136, 0), (3, 32, 96)):
        codes = random_codes(rng, 4, (rows, columns))
        table = random_scales(rng, np.float16, (rows, 16))
        row, column, starts = entries(rng, rows, columns, count)
        values = random_scales(rng, np.float16, count)
        packed = np.ascontiguousarray(stream(codes, 4).view(np.uint32).T).view(np.int32)
        weights = np.take_along_axis(table.astype(np.float64), codes.astype(np.int64), 1)
        tensors = {"qweight": packed, "lookup_table": table, "rows": starts.astype(np.int32),
                   "cols": column.astype(np.int32), "vals": values}
        yield Case("squeezellm", "dense_and_sparse", tensors, weights + scattered(weights.shape, row, column, values),
                   f"{rows} x {columns}, {count} entries")


def spqr(rng):
    # Dettmers et al., 2023: 3-bit codes; scales and zero points of groups of 16 in 3 bits, with statistics for 16 rows
    for rows, columns, count in ((16, 64, 20), (20, 48, 7)):
        codes, ws, wz = (random_codes(rng, 3, (rows, columns // g)) for g in (1, 16, 16))
        second = [random_scales(rng, np.float16, (-(-rows // 16), columns // 16)) for _ in range(4)]
        wide = [np.repeat(x.astype(np.float64), 16, axis=0)[:rows] for x in second]
        scale, zero = wide[0] * (ws - wide[1]), wide[2] * (wz - wide[3])
        row, column, starts = entries(rng, rows, columns, count)
        values = random_scales(rng, np.float16, count)
        weights = spread(scale, 16, columns) * (codes.astype(np.float64) - spread(zero, 16, columns))
        tensors = {"quantized_weights": stream(codes, 3).view(np.uint8)[:, : (columns * 3 + 7) // 8],
                   "weight_scales": ws.astype(np.uint8), "weight_zeros": wz.astype(np.uint8), "scales_scale": second[0],
                   "scales_zero": second[1], "zeros_scale": second[2], "zeros_zero": second[3],
                   "row_offsets": starts.astype(np.int32), "col_ids": column.astype(np.int16), "values": values}
        yield Case("spqr", "files", tensors, weights + scattered(weights.shape, row, column, values),
                   f"{rows} x {columns}, {count} entries")


def lqer(rng):
    # Zhang et al., 2024: W + A B; the sum over the ranks in pairs, as the language expands it, is exact for these numbers
    rows, columns, group, rank = 7, 96, 32, 4
    codes = random_codes(rng, 4, (rows, columns))
    scales = random_scales(rng, np.float16, (rows, columns // group))
    zeros = rng.integers(0, 16, (rows, columns // group), dtype=np.uint8)
    a = (rng.integers(-8, 9, (columns, rank)) / 16).astype(np.float16)
    b = (rng.integers(-8, 9, (rank, rows)) / 16).astype(np.float16)
    dense = spread(scales, group, columns) * (codes.astype(np.float64) - spread(zeros, group, columns))
    weights = dense + (a.astype(np.float64) @ b.astype(np.float64)).T
    tensors = {"qweight": stream(codes, 4).view(np.uint8)[:, : columns // 2], "scales": scales, "zeros": zeros, "a": a, "b": b}
    yield Case(f"lqer(group={group},rank={rank})", "files", tensors, weights, f"{rows} x {columns}")


def lists(rng):
    for rows, columns, count in ((6, 40, 50), (9, 33, 1), (4, 16, 64)):
        row, column, starts = entries(rng, rows, columns, count)
        values = rng.integers(-128, 128, count).astype(np.int8)
        scales = random_scales(rng, np.float16, rows)
        weights = scattered((rows, columns), row, column, values) * scales.astype(np.float64)[:, None]
        what = f"{rows} x {columns}, {count} entries"
        shuffled = rng.permutation(count)
        yield Case("csr_int8", "csr", {"crow_indices": starts.astype(np.int32), "col_indices": column.astype(np.int64),
                                       "values": values, "scales": scales}, weights, what)
        yield Case("csr_int8", "coo", {"indices": np.stack([row, column])[:, shuffled].astype(np.int64),
                                       "values": values[shuffled], "scales": scales}, weights, what)
        mask = np.zeros((rows, columns), dtype=np.uint8)
        mask[row, column] = 1
        yield Case("csr_int8", "bitmap", {"mask": np.packbits(mask, axis=1, bitorder="little"),
                                          "starts": starts[:-1].astype(np.int32), "values": values, "scales": scales},
                   weights, what)
    wrong = {"crow_indices": np.array([0, 1], dtype=np.int32), "col_indices": np.array([40], dtype=np.int32),
             "values": np.array([1], dtype=np.int8), "scales": np.array([1], dtype=np.float16)}
    yield Case("csr_int8", "csr", wrong, np.zeros((1, 40)), "a column outside", refused="outside of the matrix")


def blocks(rng):
    for rows, columns, count in ((32, 96, 3), (40, 70, 5)):
        row, column, starts = entries(rng, -(-rows // 16), -(-columns // 32), count)
        tiles = rng.integers(-8, 8, (count, 16, 32))
        scales = random_scales(rng, np.float16, (rows, -(-columns // 32)))
        full = np.zeros((-(-rows // 16) * 16, -(-columns // 32) * 32))
        for i in range(count):
            full[row[i] * 16 : row[i] * 16 + 16, column[i] * 32 : column[i] * 32 + 32] = tiles[i]
        weights = full[:rows, :columns] * spread(scales, 32, columns)
        packed = stream((tiles & 15).reshape(count, 512), 4).view(np.uint8)[:, :256]
        yield Case("block_sparse_int4", "bsr", {"crow_indices": starts.astype(np.int32),
                                                "col_indices": column.astype(np.int32), "values": packed, "scales": scales},
                   weights, f"{rows} x {columns}, {count} tiles")


def two_of_four(rng):
    for name, bits, group in (("sparse24_int8", 8, 0), ("sparse24_int4(group=32)", 4, 32)):
        rows, columns = 5, 64
        codes = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (rows, columns // 4, 2))
        first = rng.integers(0, 3, (rows, columns // 4))
        places = np.stack([first, first + 1 + rng.integers(0, 3 - first)], axis=2)
        scales = random_scales(rng, np.float16, (rows, columns // group) if group else (rows,))
        full = np.zeros((rows, columns // 4, 4))
        np.put_along_axis(full, places, codes.astype(np.float64), axis=2)
        wide = spread(scales, group, columns) if group else scales.astype(np.float64)[:, None]
        fields = {"code": (codes & ((1 << bits) - 1)).astype(np.uint32), "pos": places.astype(np.uint32),
                  "scale": scales.view(np.uint16).astype(np.uint32)}
        yield Case(name, "-", fields, full.reshape(rows, columns) * wide, f"{rows} x {columns}")


def cases(rng):
    for make in (squeezellm, spqr, lqer, lists, blocks, two_of_four):
        yield from make(rng)
