scheme s {
  code : u4;
  scale : f16 per 32;
  table nibble : u8[8] = { 0, 4, 1, 5, 2, 6, 3, 7 };
  table level : f32[2] = { 1, 2 };
  value = scale * code;
  layout words {
    tensor q : i32[K, N / 8];
    tensor d : f16[N, (K + 31) / 32];
    code[n, k] = bits(q[k, *], 32 * (n / 8) + 4 * nibble[n], 4);
    scale[n, g] = nibble[g % 9];
  }
  layout blocks(block = 32, bytes = 18) {
    scale = bits(128, 16);
    code[i] = bits(4 * nibble[i], 4);
  }
  layout reals(block = 32, bytes = 18) {
    scale = bits(128, 16);
    code[i] = bits(4 * i, 4) + level[i % 2];
  }
}
