// 3-bit codes for eight uneven levels, which a bit moves up by 4 for 16 weights; odd scales with a sign for 16 and a scale for
// 256 weights (IQ3_K of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq3_k of ggml-common.h, iq3nl_values. iq3_k_r4 interleaves four rows by 4 columns.
scheme iq3_k {
  code : u3;
  up   : u1  per 16;
  neg  : u1  per 16;
  sc   : u4  per 16;
  d    : f16 per 256;
  table level : i8[8] = { -63, -40, -23, -10, 1, 13, 28, 47 };
  value = d * (2 * sc + 1) * (1 - 2 * neg) * (level[code] + 4 * up);

  layout gguf(block = 256, bytes = 110, type = 138) {
    d       = bits(0, 16);
    up[j]   = bits(16 + j, 1);
    neg[j]  = bits(32 + j, 1);
    sc[j]   = bits(48 + 4 * j, 4);
    code[i] = bits(112 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2) | (bits(624 + 8 * (i % 32) + i / 32, 1) << 2);
  }

  layout gguf_r4(type = 338) {
    tensor data : u8[N / 4, K / 256 * 440] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 3520 * g + 16 * (n % 4), 16);
    up[n, g]   = bits(data[n / 4, *], 3520 * (g / 16) + 64 + 8 * (n % 4) + 32 * (g % 2) + g % 16 / 2, 1);
    neg[n, g]  = bits(data[n / 4, *], 3520 * (g / 16) + 128 + 8 * (n % 4) + 32 * (g % 2) + g % 16 / 2, 1);
    sc[n, g]   = bits(data[n / 4, *], 3520 * (g / 16) + 192 + 8 * (n % 4) + 32 * (g % 8) + 4 * (g / 8 % 2), 4);
    code[n, k] = bits(data[n / 4, *], 3520 * (k / 256) + 448 + 256 * (k / 32 % 8) + 128 * (k / 16 % 2) + 32 * (n % 4)
                                      + 8 * (k % 4) + 2 * (k / 4 % 4), 2)
               | (bits(data[n / 4, *], 3520 * (k / 256) + 2496 + 128 * (k / 32 % 8) + 32 * (n % 4) + 8 * (k % 4) + k / 4 % 8,
                       1) << 2);
  }
}
