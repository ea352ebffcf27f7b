// Additive quantization (AQLM): the sum of a point of each book, 16-bit codes by default (1x16, groups of 8 weights).
// As the package aqlm stores it: codes, codebooks and scales of a layer.
scheme aqlm(books = 1, bits = 16, length = 8) {
  code  : u(bits)[books] per length;
  book  : f16[books, 1 << bits, length] per tensor;
  scale : f16 per row;
  value = scale * sum(b < books, book[b, code[b], k % length]);

  layout aqlm {
    tensor codes     : u(bits)[N, K / length, books];
    tensor codebooks : f16[books, 1 << bits, 1, length];
    tensor scales    : f16[N, 1, 1, 1];
    code[n, g, b] = codes[n, g, b];
    book[e]       = codebooks[e / (length << bits), e / length % (1 << bits), 0, e % length];
    scale[n]      = scales[n, 0, 0, 0];
  }
}
