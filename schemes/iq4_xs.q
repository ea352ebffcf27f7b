// 4-bit codes for 16 uneven levels, 6-bit scales for 32 weights, scaled again for 256 (GGUF IQ4_XS).
// Defined in ggml: struct block_iq4_xs of ggml-common.h. The levels are those of IQ4_NL; of the scales, the upper bit
// pairs come first and the low nibbles after them.
scheme iq4_xs {
  code : u4;
  sc   : u6  per 32;
  d    : f16 per 256;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  value = d * (sc - 32) * level[code];

  layout gguf(block = 256, bytes = 136, type = 23) {
    d       = bits(0, 16);
    sc[j]   = bits(32 + 4 * j, 4) | (bits(16 + 2 * j, 2) << 4);
    code[i] = bits(64 + 128 * (i / 32) + 8 * (i % 16) + 4 * (i / 16 % 2), 4);
  }
}
