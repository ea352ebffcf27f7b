// 2-bit codes for four uneven levels, which a bit moves up by 5 for 16 weights; scales for 16 and 256 weights (IQ2_K of
// ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq2_k of ggml-common.h, iq2nl_values. iq2_k_r4 interleaves four rows by 4 columns.
scheme iq2_k {
  code : u2;
  up   : u1  per 16;
  sc   : u4  per 16;
  d    : f16 per 256;
  table level : i8[4] = { -31, -13, 1, 17 };
  value = d * (sc - 8) * (level[code] + 5 * up);

  layout gguf(block = 256, bytes = 76, type = 137) {
    d       = bits(0, 16);
    up[j]   = bits(16 + j, 1);
    sc[j]   = bits(32 + 4 * j, 4);
    code[i] = bits(96 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2);
  }

  layout gguf_r4(type = 337) {
    tensor data : u8[N / 4, K / 256 * 304] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 2432 * g + 16 * (n % 4), 16);
    up[n, g]   = bits(data[n / 4, *], 2432 * (g / 16) + 64 + 8 * (n % 4) + 32 * (g % 2) + g % 16 / 2, 1);
    sc[n, g]   = bits(data[n / 4, *], 2432 * (g / 16) + 128 + 8 * (n % 4) + 32 * (g % 8) + 4 * (g / 8 % 2), 4);
    code[n, k] = bits(data[n / 4, *], 2432 * (k / 256) + 384 + 256 * (k / 32 % 8) + 128 * (k / 16 % 2) + 32 * (n % 4)
                                      + 8 * (k % 4) + 2 * (k / 4 % 4), 2);
  }
}
