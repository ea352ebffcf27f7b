// 4 bits around zero with a scale for 32 weights (GGUF Q4_0).
// Defined in ggml: struct block_q4_0 of ggml-common.h. The low nibbles are the first half of the block.
scheme q4_0 {
  code  : u4;
  scale : f16 per 32;
  value = scale * (code - 8);

  layout gguf(block = 32, bytes = 18, type = 2) {
    scale   = bits(0, 16);
    code[i] = bits(16 + 8 * (i % 16) + 4 * (i / 16), 4);
  }
}
