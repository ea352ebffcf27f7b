// Signed bytes with a scale for 32 weights (GGUF Q8_0).
// Defined in ggml: struct block_q8_0 of ggml-common.h.
// ik_llama.cpp interleaves eight rows by 4 columns (Q8_0_R8).
scheme q8_0 {
  code  : i8;
  scale : f16 per 32;
  value = scale * code;

  layout gguf(block = 32, bytes = 34, type = 8, file_type = 7) {
    scale   = bits(0, 16);
    code[i] = bits(16 + 8 * i, 8);
  }

  layout gguf_r8(type = 208) {
    tensor data : u8[N / 8, K / 32 * 272] = ".weight";
    scale[n, g] = bits(data[n / 8, *], 2176 * g + 16 * (n % 8), 16);
    code[n, k]  = bits(data[n / 8, *], 2176 * (k / 32) + 128 + 256 * (k % 32 / 4) + 32 * (n % 8) + 8 * (k % 4), 8);
  }
}
