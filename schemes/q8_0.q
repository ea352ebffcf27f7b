// Signed bytes with a scale for 32 weights (GGUF Q8_0).
// Defined in ggml: struct block_q8_0 of ggml-common.h.
scheme q8_0 {
  code  : i8;
  scale : f16 per 32;
  value = scale * code;

  layout gguf(block = 32, bytes = 34, type = 8) {
    scale   = bits(0, 16);
    code[i] = bits(16 + 8 * i, 8);
  }
}
