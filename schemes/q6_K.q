// 6 bits around zero, 8-bit scales for 16 weights, scaled again for 256 (GGUF Q6_K).
// Defined in ggml: struct block_q6_K of ggml-common.h. 128 bytes of low nibbles, 64 bytes of upper bit pairs, scales, d.
// ik_llama.cpp interleaves four rows by 4 columns (Q6_K_R4).
scheme q6_K {
  code : u6;
  sc   : i8  per 16;
  d    : f16 per 256;
  value = d * sc * (code - 32);

  layout gguf(block = 256, bytes = 210, type = 14, file_type = 18) {
    code[i] = bits(512 * (i / 128) + 256 * (i / 32 % 2) + 8 * (i % 32) + 4 * (i / 64 % 2), 4)
            | (bits(1024 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2) << 4);
    sc[j]   = bits(1536 + 8 * j, 8);
    d       = bits(1664, 16);
  }

  layout gguf_r4(type = 214) {
    tensor data : u8[N / 4, K / 256 * 840] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 6720 * g + 16 * (n % 4), 16);
    sc[n, g]   = bits(data[n / 4, *], 6720 * (g / 16) + 64 + 32 * (g % 16) + 8 * (n % 4), 8);
    code[n, k] = bits(data[n / 4, *], 6720 * (k / 256) + 2624 + 512 * (k / 32 % 8) + 256 * (k / 4 % 2) + 128 * (k / 16 % 2)
                                      + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 8 % 2), 4)
               | (bits(data[n / 4, *], 6720 * (k / 256) + 576 + 256 * (k / 32 % 8) + 128 * (k / 16 % 2) + 32 * (n % 4)
                                       + 8 * (k % 4) + 2 * (k / 8 % 2) + 4 * (k / 4 % 2), 2) << 4);
  }
}
