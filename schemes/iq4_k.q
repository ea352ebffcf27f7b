// 4-bit codes for 16 uneven levels, which a bit moves up by 4 for 16 weights; scales for 16 and 256 weights (IQ4_K of
// ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq4_k of ggml-common.h, iq4k_values. iq4_k_r4 interleaves four rows by 4 columns.
scheme iq4_k {
  code : u4;
  up   : u1  per 16;
  sc   : u6  per 16;
  d    : f16 per 256;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  value = d * (sc - 32) * (level[code] + 4 * up);

  layout gguf(block = 256, bytes = 144, type = 139) {
    d       = bits(0, 16);
    up[j]   = bits(16 + j, 1);
    sc[j]   = bits(64 + 4 * j, 4) | (bits(32 + 2 * j, 2) << 4);
    code[i] = bits(128 + 128 * (i / 32) + 8 * (i % 16) + 4 * (i / 16 % 2), 4);
  }

  layout gguf_r4(type = 339) {
    tensor data : u8[N / 4, K / 256 * 576] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 4608 * g + 16 * (n % 4), 16);
    up[n, g]   = bits(data[n / 4, *], 4608 * (g / 16) + 64 + 8 * (n % 4) + 32 * (g % 2) + g % 16 / 2, 1);
    sc[n, g]   = bits(data[n / 4, *], 4608 * (g / 16) + 256 + 8 * (n % 4) + 32 * (g % 8) + 4 * (g / 8 % 2), 4)
               | (bits(data[n / 4, *], 4608 * (g / 16) + 128 + 8 * (n % 4) + 32 * (g % 4) + 2 * (g / 4 % 4), 2) << 4);
    code[n, k] = bits(data[n / 4, *], 4608 * (k / 256) + 512 + 512 * (k / 32 % 8) + 256 * (k / 4 % 2) + 128 * (k / 16 % 2)
                                      + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 8 % 2), 4);
  }
}
