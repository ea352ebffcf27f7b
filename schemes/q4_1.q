// 4 bits with a scale and a minimum for 32 weights (GGUF Q4_1).
// Defined in ggml: struct block_q4_1 of ggml-common.h.
scheme q4_1 {
  code  : u4;
  scale : f16 per 32;
  least : f16 per 32;
  value = scale * code + least;

  layout gguf(block = 32, bytes = 20, type = 3, file_type = 3) {
    scale   = bits(0, 16);
    least   = bits(16, 16);
    code[i] = bits(32 + 8 * (i % 16) + 4 * (i / 16), 4);
  }
}
