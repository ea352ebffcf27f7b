// 5-bit codes for 32 uneven levels, which a bit moves up by 2 for 16 weights; scales for 16 and 256 weights (IQ5_K of
// ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq5_k of ggml-common.h, iq5nl_values. iq5_k_r4 interleaves four rows by 4 columns.
scheme iq5_k {
  code : u5;
  up   : u1  per 16;
  sc   : u6  per 16;
  d    : f16 per 256;
  table level : i8[32] = {
    -126, -114, -103, -92, -83, -74, -65, -57, -50, -43, -36, -30, -24, -18, -12, -6,
    -1, 5, 11, 17, 23, 29, 36, 43, 51, 59, 68, 77, 87, 97, 109, 121,
  };
  value = d * (sc - 32) * (level[code] + 2 * up);

  layout gguf(block = 256, bytes = 176, type = 140) {
    d       = bits(0, 16);
    up[j]   = bits(16 + j, 1);
    sc[j]   = bits(64 + 4 * j, 4) | (bits(32 + 2 * j, 2) << 4);
    code[i] = bits(128 + 256 * (i / 64) + 8 * (i % 32) + 4 * (i / 32 % 2), 4) | (bits(1152 + 8 * (i % 32) + i / 32, 1) << 4);
  }

  layout gguf_r4(type = 340) {
    tensor data : u8[N / 4, K / 256 * 704] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 5632 * g + 16 * (n % 4), 16);
    up[n, g]   = bits(data[n / 4, *], 5632 * (g / 16) + 64 + 8 * (n % 4) + 32 * (g % 2) + g % 16 / 2, 1);
    sc[n, g]   = bits(data[n / 4, *], 5632 * (g / 16) + 256 + 8 * (n % 4) + 32 * (g % 8) + 4 * (g / 8 % 2), 4)
               | (bits(data[n / 4, *], 5632 * (g / 16) + 128 + 8 * (n % 4) + 32 * (g % 4) + 2 * (g / 4 % 4), 2) << 4);
    code[n, k] = bits(data[n / 4, *], 5632 * (k / 256) + 512 + 512 * (k / 32 % 8) + 256 * (k / 4 % 2) + 128 * (k / 16 % 2)
                                      + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 8 % 2), 4)
               | (bits(data[n / 4, *], 5632 * (k / 256) + 4608 + 128 * (k / 32 % 8) + 32 * (n % 4) + 8 * (k % 4) + k / 8 % 4
                                       + 4 * (k / 4 % 2), 1) << 4);
  }
}
