// Sums of a dense matrix, entries and a product of thin ones; parts of a matrix in formats of their own.
scheme sums(rank = 2) {
  code  : u4;
  scale : f16 per 32;
  outlier : f16 sparse 1 / 100.0;
  tile : i8[2, 4] per [2, 4] sparse;
  left : f16[rank] per row;
  right : f16[rank] per column;
  value = scale * (code - 8 + tile[n % 2, k % 4]) + outlier + sum(r < rank, left[r] * right[r]);
}
scheme sides(first = 8, rank = 1) {
  columns 0 .. first : sums(rank = rank);
  columns first .. K : halves;
}
scheme halves { rows 0 .. N / 2 : sums; rows (N / 2) .. N : sums(rank = 3); }
