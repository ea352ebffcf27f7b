// 4-bit codes for 16 uneven levels, with a scale for 32 weights (GGUF IQ4_NL).
// Defined in ggml: struct block_iq4_nl of ggml-common.h, kvalues_iq4nl. The bytes are those of Q4_0.
scheme iq4_nl {
  code  : u4;
  scale : f16 per 32;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  value = scale * level[code];

  layout gguf(block = 32, bytes = 18, type = 20) {
    scale   = bits(0, 16);
    code[i] = bits(16 + 8 * (i % 16) + 4 * (i / 16), 4);
  }
}
