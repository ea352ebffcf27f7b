// Sums of vectors from tables that are stored with the tensor.
scheme books {
  code  : u8[2] per 4;
  book  : f16[2, 256, 4] per tensor;
  scale : f16 per row;
  value = scale * sum(b < 2, book[b, code[b], k % 4]);
}
