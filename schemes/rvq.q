// Residual vectors: several books, whose points add up; a scale for each row.
scheme rvq(stages = 3, bits = 8, length = 8) {
  code  : u(bits)[stages] per length;
  book  : f16[stages, 1 << bits, length] per tensor;
  scale : f16 per row;
  value = scale * sum(s < stages, book[s, code[s], k % length]);

  layout files {
    tensor codes  : u8[N, (K + length - 1) / length, stages];
    tensor books  : f16[stages, 1 << bits, length];
    tensor scales : f16[N];
    code[n, g, s] = codes[n, g, s];
    book[e]       = books[e / (length << bits), e / length % (1 << bits), e % length];
    scale[n]      = scales[n];
  }
}
