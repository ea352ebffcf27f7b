// Additive quantization (AQLM) with two books of 256 points of 8 weights.
scheme aqlm_2x8(length = 8) {
  code  : u8[2] per length;
  book  : f16[2, 256, length] per tensor;
  scale : f16 per row;
  value = scale * (book[0, code[0], k % length] + book[1, code[1], k % length]);

  layout aqlm {
    tensor codes     : u8[N, K / length, 2];
    tensor codebooks : f16[2, 256, 1, length];
    tensor scales    : f16[N, 1, 1, 1];
    code[n, g, b] = codes[n, g, b];
    book[e]       = codebooks[e / (256 * length), e / length % 256, 0, e % length];
    scale[n]      = scales[n, 0, 0, 0];
  }
}
