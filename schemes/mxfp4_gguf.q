// FP4 (E2M1) with a power of two for 32 weights, as GGUF files have it (GGUF MXFP4).
// Defined in ggml: struct block_mxfp4 of ggml-common.h. The levels are twice those of E2M1. Unlike the OCP format,
// there is no NaN, and zero has no sign.
scheme mxfp4_gguf {
  code  : u4;
  scale : u8 per 32;
  table level : i8[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };
  value = exp2(scale - 128) * level[code];

  layout gguf(block = 32, bytes = 17, type = 39) {
    scale   = bits(0, 8);
    code[i] = bits(8 + 8 * (i % 16) + 4 * (i / 16), 4);
  }
}
