// 4-bit codes for 16 uneven levels, 6-bit scales for 32 weights, scaled again for 256 (GGUF IQ4_XS).
// Defined in ggml: struct block_iq4_xs of ggml-common.h. The levels are those of IQ4_NL; of the scales, the upper bit
// pairs come first and the low nibbles after them.
// ik_llama.cpp interleaves eight rows by 4 columns (IQ4_XS_R8).
scheme iq4_xs {
  code : u4;
  sc   : u6  per 32;
  d    : f16 per 256;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  value = d * (sc - 32) * level[code];

  layout gguf(block = 256, bytes = 136, type = 23, file_type = 30) {
    d       = bits(0, 16);
    sc[j]   = bits(32 + 4 * j, 4) | (bits(16 + 2 * j, 2) << 4);
    code[i] = bits(64 + 128 * (i / 32) + 8 * (i % 16) + 4 * (i / 16 % 2), 4);
  }

  layout gguf_r8(type = 223) {
    tensor data : u8[N / 8, K / 256 * 1088] = ".weight";
    d[n, g]    = bits(data[n / 8, *], 8704 * g + 16 * (n % 8), 16);
    sc[n, g]   = bits(data[n / 8, *], 8704 * (g / 8) + 256 + 8 * (n % 8) + 64 * (g % 4) + 4 * (g / 4 % 2), 4)
               | (bits(data[n / 8, *], 8704 * (g / 8) + 128 + 8 * (n % 8) + 64 * (g % 2) + 2 * (g / 2 % 4), 2) << 4);
    code[n, k] = bits(data[n / 8, *], 8704 * (k / 256) + 512 + 1024 * (k / 32 % 8) + 256 * (k / 8 % 4) + 32 * (n % 8) + 8 * (k % 4)
                                      + 4 * (k / 4 % 2), 4);
  }
}
