// 4-bit codes for 16 uneven levels, which a bit moves up by 4 for 32 weights; 7-bit scales, and a scale for the row (IQ4_KS of
// ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq4_ks of ggml-common.h and dequantize_row_iq4_ks of iqk_quantize.cpp. A row begins
// with its scale; iq4_ks_r4 interleaves four rows by 4 columns.
scheme iq4_ks {
  code : u4;
  up   : u1  per 32;
  sc   : u7  per 32;
  d    : f32 per row;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  value = d * (2 * sc - 127) * (level[code] + 4 * up);

  layout gguf(type = 144) {
    tensor data : u8[N, 4 + K / 256 * 136] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    up[n, g]   = bits(data[n, *], 32 + 1088 * (g / 8) + 8 * (g % 8), 1);
    sc[n, g]   = bits(data[n, *], 32 + 1088 * (g / 8) + 8 * (g % 8) + 1, 7);
    code[n, k] = bits(data[n, *], 32 + 1088 * (k / 256) + 64 + 128 * (k % 256 / 32) + 8 * (k % 16) + 4 * (k / 16 % 2), 4);
  }

  layout gguf_r4(type = 344) {
    tensor data : u8[N / 4, 16 + K / 256 * 544] = ".weight";
    d[n]       = bits(data[n / 4, *], 32 * (n % 4), 32);
    up[n, g]   = bits(data[n / 4, *], 128 + 4352 * (g / 8) + 32 * (g % 8) + 8 * (n % 4), 1);
    sc[n, g]   = bits(data[n / 4, *], 128 + 4352 * (g / 8) + 32 * (g % 8) + 8 * (n % 4) + 1, 7);
    code[n, k] = bits(data[n / 4, *], 128 + 4352 * (k / 256) + 256 + 512 * (k % 256 / 32) + 256 * (k / 4 % 2) + 128 * (k / 16 % 2)
                                      + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 8 % 2), 4);
  }
}
