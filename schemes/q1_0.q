// One bit: plus or minus the scale of 128 weights (GGUF Q1_0).
// Defined in ggml: struct block_q1_0 of ggml-common.h. A bit of 1 is the positive value.
scheme q1_0 {
  code  : u1;
  scale : f16 per 128;
  value = scale * (2 * code - 1);

  layout gguf(block = 128, bytes = 18, type = 41, file_type = 40) {
    scale   = bits(0, 16);
    code[i] = bits(16 + i, 1);
  }
}
