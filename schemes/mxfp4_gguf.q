// FP4 (E2M1) with a power of two for 32 weights, as GGUF files have it (GGUF MXFP4).
// Defined in ggml: struct block_mxfp4 of ggml-common.h. The levels are twice those of E2M1. Unlike the OCP format,
// there is no NaN, and zero has no sign.
// ik_llama.cpp interleaves eight rows by 4 columns (MXFP4_R8).
scheme mxfp4_gguf {
  code  : u4;
  scale : u8 per 32;
  table level : i8[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };
  value = exp2(scale - 128) * level[code];

  layout gguf(block = 32, bytes = 17, type = 39, file_type = 38) {
    scale   = bits(0, 8);
    code[i] = bits(8 + 8 * (i % 16) + 4 * (i / 16), 4);
  }

  layout gguf_r8(type = 353) {
    tensor data : u8[N / 8, K / 32 * 136] = ".weight";
    scale[n, g] = bits(data[n / 8, *], 1088 * g + 8 * (n % 8), 8);
    code[n, k]  = bits(data[n / 8, *], 1088 * (k / 32) + 64 + 256 * (k % 16 / 4) + 32 * (n % 8) + 8 * (k % 4) + 4 * (k / 16 % 2), 4);
  }
}
