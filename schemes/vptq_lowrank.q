// VPTQ with a low-rank correction: vectors of 8 weights from a book, plus a product of two thin matrices.
scheme vptq_lowrank(rank = 16) {
  code  : u8 per 8;
  book  : f16[256, 8] per tensor;
  left  : f16[rank] per row;
  right : f16[rank] per column;
  value = book[code, k % 8] + sum(r < rank, left[r] * right[r]);
}
