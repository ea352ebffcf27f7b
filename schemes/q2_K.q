// 2 bits, 4-bit scales and minima for 16 weights, scaled again for 256 (GGUF Q2_K).
// Defined in ggml: struct block_q2_K of ggml-common.h. A byte of scales has the scale below and the minimum above; a
// byte of codes has the weights l, l + 32, l + 64 and l + 96.
scheme q2_K {
  code : u2;
  sc   : u4  per 16;
  mn   : u4  per 16;
  d    : f16 per 256;
  dmin : f16 per 256;
  value = d * sc * code - dmin * mn;

  layout gguf(block = 256, bytes = 84, type = 10) {
    sc[j]   = bits(8 * j, 4);
    mn[j]   = bits(8 * j + 4, 4);
    code[i] = bits(128 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2);
    d       = bits(640, 16);
    dmin    = bits(656, 16);
  }
}
