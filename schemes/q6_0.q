// 6 bits around zero with a scale for 32 weights (Q6_0 of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_q6_0 of ggml-common.h. The upper bit pairs lie together, before the nibbles; q6_0_r4
// interleaves four rows by 4 columns.
scheme q6_0 {
  code  : u6;
  scale : f16 per 32;
  value = scale * (code - 32);

  layout gguf(block = 32, bytes = 26, type = 133) {
    scale   = bits(0, 16);
    code[i] = bits(80 + 8 * (i % 16) + 4 * (i / 16), 4) | (bits(16 + 8 * (i % 8) + 4 * (i / 8 % 2) + 2 * (i / 16), 2) << 4);
  }

  layout gguf_r4(type = 233) {
    tensor data : u8[N / 4, K / 32 * 104] = ".weight";
    scale[n, g] = bits(data[n / 4, *], 832 * g + 16 * (n % 4), 16);
    code[n, k]  = bits(data[n / 4, *], 832 * (k / 32) + 320 + 256 * (k / 4 % 2) + 128 * (k / 16 % 2) + 32 * (n % 4) + 8 * (k % 4)
                                       + 4 * (k / 8 % 2), 4)
                | (bits(data[n / 4, *], 832 * (k / 32) + 64 + 128 * (k / 16 % 2) + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 8 % 2)
                                        + 2 * (k / 4 % 2), 2) << 4);
  }
}
