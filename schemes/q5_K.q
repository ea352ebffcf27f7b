// 5 bits, 6-bit scales and minima for 32 weights, scaled again for 256 (GGUF Q5_K).
// Defined in ggml: struct block_q5_K of ggml-common.h. Scales and minima as in Q4_K; then 32 bytes of fifth bits and
// 128 bytes of nibbles.
// ik_llama.cpp interleaves four rows by 4 columns (Q5_K_R4).
scheme q5_K {
  code : u5;
  sc   : u6  per 32;
  mn   : u6  per 32;
  d    : f16 per 256;
  dmin : f16 per 256;
  value = d * sc * code - dmin * mn;

  layout gguf(block = 256, bytes = 176, type = 13, file_type = 16) {
    d       = bits(0, 16);
    dmin    = bits(16, 16);
    sc[j]   = j < 4 ? bits(32 + 8 * j, 6) : bits(64 + 8 * j, 4) | (bits(6 + 8 * j, 2) << 4);
    mn[j]   = j < 4 ? bits(64 + 8 * j, 6) : bits(68 + 8 * j, 4) | (bits(38 + 8 * j, 2) << 4);
    code[i] = bits(384 + 256 * (i / 64) + 8 * (i % 32) + 4 * (i / 32 % 2), 4)
            | (bits(128 + 8 * (i % 32) + i / 32, 1) << 4);
  }

  layout gguf_r4(type = 213) {
    tensor data : u8[N / 4, K / 256 * 704] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 5632 * g + 16 * (n % 4), 16);
    dmin[n, g] = bits(data[n / 4, *], 5632 * g + 64 + 16 * (n % 4), 16);
    sc[n, g]   = bits(data[n / 4, *], 5632 * (g / 8) + 256 + 32 * (g % 8) + 8 * (n % 4), 4)
               | (bits(data[n / 4, *], 5632 * (g / 8) + 128 + 8 * (n % 4) + 32 * (g % 4) + 4 * (g / 4 % 2), 2) << 4);
    mn[n, g]   = bits(data[n / 4, *], 5632 * (g / 8) + 260 + 32 * (g % 8) + 8 * (n % 4), 4)
               | (bits(data[n / 4, *], 5632 * (g / 8) + 130 + 8 * (n % 4) + 32 * (g % 4) + 4 * (g / 4 % 2), 2) << 4);
    code[n, k] = bits(data[n / 4, *], 5632 * (k / 256) + 1536 + 512 * (k / 32 % 8) + 256 * (k / 4 % 2) + 128 * (k / 16 % 2)
                                      + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 8 % 2), 4)
               | (bits(data[n / 4, *], 5632 * (k / 256) + 512 + 128 * (k / 32 % 8) + 32 * (n % 4) + 8 * (k % 4) + k / 8 % 2
                                       + 2 * (k / 4 % 2) + 4 * (k / 16 % 2), 1) << 4);
  }
}
