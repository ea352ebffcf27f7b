// 2 bits, 4-bit scales and minima for 16 weights, scaled again for 256 (GGUF Q2_K).
// Defined in ggml: struct block_q2_K of ggml-common.h. A byte of scales has the scale below and the minimum above; a
// byte of codes has the weights l, l + 32, l + 64 and l + 96.
// ik_llama.cpp interleaves four rows by 4 columns (Q2_K_R4).
scheme q2_K {
  code : u2;
  sc   : u4  per 16;
  mn   : u4  per 16;
  d    : f16 per 256;
  dmin : f16 per 256;
  value = d * sc * code - dmin * mn;

  layout gguf(block = 256, bytes = 84, type = 10, file_type = 10) {
    sc[j]   = bits(8 * j, 4);
    mn[j]   = bits(8 * j + 4, 4);
    code[i] = bits(128 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2);
    d       = bits(640, 16);
    dmin    = bits(656, 16);
  }

  layout gguf_r4(type = 210) {
    tensor data : u8[N / 4, K / 256 * 336] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 2688 * g + 16 * (n % 4), 16);
    dmin[n, g] = bits(data[n / 4, *], 2688 * g + 64 + 16 * (n % 4), 16);
    sc[n, g]   = bits(data[n / 4, *], 2688 * (g / 16) + 128 + 32 * (g % 16) + 8 * (n % 4), 4);
    mn[n, g]   = bits(data[n / 4, *], 2688 * (g / 16) + 132 + 32 * (g % 16) + 8 * (n % 4), 4);
    code[n, k] = bits(data[n / 4, *], 2688 * (k / 256) + 640 + 256 * (k / 32 % 8) + 128 * (k / 16 % 2) + 32 * (n % 4)
                                      + 8 * (k % 4) + 2 * (k / 4 % 4), 2);
  }
}
