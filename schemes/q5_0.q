// 5 bits around zero with a scale for 32 weights (GGUF Q5_0).
// Defined in ggml: struct block_q5_0 of ggml-common.h. The fifth bits lie together, before the nibbles.
// ik_llama.cpp interleaves four rows by 4 columns (Q5_0_R4).
scheme q5_0 {
  code  : u5;
  scale : f16 per 32;
  value = scale * (code - 16);

  layout gguf(block = 32, bytes = 22, type = 6, file_type = 8) {
    scale   = bits(0, 16);
    code[i] = bits(48 + 8 * (i % 16) + 4 * (i / 16), 4) | (bits(16 + i, 1) << 4);
  }

  layout gguf_r4(type = 206) {
    tensor data : u8[N / 4, K / 32 * 88] = ".weight";
    scale[n, g] = bits(data[n / 4, *], 704 * g + 16 * (n % 4), 16);
    code[n, k]  = bits(data[n / 4, *], 704 * (k / 32) + 192 + 256 * (k / 4 % 2) + 128 * (k / 16 % 2) + 32 * (n % 4) + 8 * (k % 4)
                                       + 4 * (k / 8 % 2), 4)
                | (bits(data[n / 4, *], 704 * (k / 32) + 64 + 32 * (n % 4) + 8 * (k % 4) + k / 16 % 2 + 2 * (k / 4 % 2)
                                        + 4 * (k / 8 % 2), 1) << 4);
  }
}
