// 5 bits with a scale and an offset for 32 weights (GGUF Q5_1).
// Defined in ggml: struct block_q5_1 of ggml-common.h. The fifth bits lie in four bytes of their own.
scheme q5_1 {
  code  : u5;
  scale : f16 per 32;
  min   : f16 per 32;
  value = scale * code + min;

  layout gguf(block = 32, bytes = 24, type = 7, file_type = 9) {
    scale   = bits(0, 16);
    min     = bits(16, 16);
    code[i] = bits(64 + 8 * (i % 16) + 4 * (i / 16), 4) | (bits(32 + i, 1) << 4);
  }
}
