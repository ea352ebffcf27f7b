// 5 bits around zero with a scale for 32 weights (GGUF Q5_0).
// Defined in ggml: struct block_q5_0 of ggml-common.h. The fifth bits lie together, before the nibbles.
scheme q5_0 {
  code  : u5;
  scale : f16 per 32;
  value = scale * (code - 16);

  layout gguf(block = 32, bytes = 22, type = 6) {
    scale   = bits(0, 16);
    code[i] = bits(48 + 8 * (i % 16) + 4 * (i / 16), 4) | (bits(16 + i, 1) << 4);
  }
}
