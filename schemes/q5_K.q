// 5 bits, 6-bit scales and minima for 32 weights, scaled again for 256 (GGUF Q5_K).
// Defined in ggml: struct block_q5_K of ggml-common.h. Scales and minima as in Q4_K; then 32 bytes of fifth bits and
// 128 bytes of nibbles.
scheme q5_K {
  code : u5;
  sc   : u6  per 32;
  mn   : u6  per 32;
  d    : f16 per 256;
  dmin : f16 per 256;
  value = d * sc * code - dmin * mn;

  layout gguf(block = 256, bytes = 176, type = 13) {
    d       = bits(0, 16);
    dmin    = bits(16, 16);
    sc[j]   = j < 4 ? bits(32 + 8 * j, 6) : bits(64 + 8 * j, 4) | (bits(6 + 8 * j, 2) << 4);
    mn[j]   = j < 4 ? bits(64 + 8 * j, 6) : bits(68 + 8 * j, 4) | (bits(38 + 8 * j, 2) << 4);
    code[i] = bits(384 + 256 * (i / 64) + 8 * (i % 32) + 4 * (i / 32 % 2), 4)
            | (bits(128 + 8 * (i % 32) + i / 32, 1) << 4);
  }
}
