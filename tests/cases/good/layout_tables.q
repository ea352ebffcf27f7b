// Constant tables in places of both kinds: the order of codes in a word, and where the parts of a block begin.
scheme s {
  code : u4;
  scale : f16 per 32;
  table nibble : u8[8] = { 0, 4, 1, 5, 2, 6, 3, 7 };
  table start : i16[2, 2] = { 0, 64, 64, 0 };
  value = scale * code;
  layout words {
    tensor q : i32[K, N / 8];
    tensor d : f16[N, (K + 31) / 32];
    code[n, k] = bits(q[k, *], 32 * (n / 8) + 4 * nibble[n % 8], 4);
    scale[n, g] = d[n, g];
  }
  layout blocks(block = 32, bytes = 18) {
    scale = bits(128, 16);
    code[i] = bits(start[i / 16, 0] + 4 * (i % 16), 4);
  }
}
