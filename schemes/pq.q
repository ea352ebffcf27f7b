// Product quantization: every vector of weights is a point of the book of its part of the row, books stored.
scheme pq(parts = 4, bits = 8, length = 8) {
  code : u(bits) per length;
  book : f16[parts, 1 << bits, length] per tensor;
  value = book[k / length % parts, code, k % length];

  layout files {
    tensor codes : u8[N, (K + length - 1) / length];
    tensor books : f16[parts, 1 << bits, length];
    code[n, g] = codes[n, g];
    book[e]    = books[e / (length << bits), e / length % (1 << bits), e % length];
  }
}
