// 6 bits around zero, 8-bit scales for 16 weights, scaled again for 256 (GGUF Q6_K).
// Defined in ggml: struct block_q6_K of ggml-common.h. 128 bytes of low nibbles, 64 bytes of upper bit pairs, scales, d.
scheme q6_K {
  code : u6;
  sc   : i8  per 16;
  d    : f16 per 256;
  value = d * sc * (code - 32);

  layout gguf(block = 256, bytes = 210, type = 14) {
    code[i] = bits(512 * (i / 128) + 256 * (i / 32 % 2) + 8 * (i % 32) + 4 * (i / 64 % 2), 4)
            | (bits(1024 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2) << 4);
    sc[j]   = bits(1536 + 8 * j, 8);
    d       = bits(1664, 16);
  }
}
