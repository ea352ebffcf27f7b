// 5-bit codes for 32 uneven levels, which a bit moves up by 2 for 32 weights; 7-bit scales, and a scale for the row (IQ5_KS of
// ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq5_ks of ggml-common.h and dequantize_row_iq5_ks of iqk_quantize.cpp. A row begins
// with its scale; iq5_ks_r4 interleaves four rows by 4 columns.
scheme iq5_ks {
  code : u5;
  up   : u1  per 32;
  sc   : u7  per 32;
  d    : f32 per row;
  table level : i8[32] = {
    -126, -114, -103, -92, -83, -74, -65, -57, -50, -43, -36, -30, -24, -18, -12, -6,
    -1, 5, 11, 17, 23, 29, 36, 43, 51, 59, 68, 77, 87, 97, 109, 121,
  };
  value = d * (2 * sc - 127) * (level[code] + 2 * up);

  layout gguf(type = 152) {
    tensor data : u8[N, 4 + K / 256 * 168] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    up[n, g]   = bits(data[n, *], 32 + 1344 * (g / 8) + 8 * (g % 8), 1);
    sc[n, g]   = bits(data[n, *], 32 + 1344 * (g / 8) + 8 * (g % 8) + 1, 7);
    code[n, k] = bits(data[n, *], 32 + 1344 * (k / 256) + 64 + 256 * (k / 64 % 4) + 8 * (k % 32) + 4 * (k / 32 % 2), 4)
               | (bits(data[n, *], 32 + 1344 * (k / 256) + 1088 + 8 * (k % 32) + k / 32 % 8, 1) << 4);
  }

  layout gguf_r4(type = 352) {
    tensor data : u8[N / 4, 16 + K / 256 * 672] = ".weight";
    d[n]       = bits(data[n / 4, *], 32 * (n % 4), 32);
    up[n, g]   = bits(data[n / 4, *], 128 + 5376 * (g / 8) + 32 * (g % 8) + 8 * (n % 4), 1);
    sc[n, g]   = bits(data[n / 4, *], 128 + 5376 * (g / 8) + 32 * (g % 8) + 8 * (n % 4) + 1, 7);
    code[n, k] = bits(data[n / 4, *], 128 + 5376 * (k / 256) + 256 + 512 * (k / 32 % 8) + 256 * (k / 4 % 2)
                                      + 128 * (k / 16 % 2) + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 8 % 2), 4)
               | (bits(data[n / 4, *], 128 + 5376 * (k / 256) + 4352 + 128 * (k / 32 % 8) + 32 * (n % 4) + 8 * (k % 4)
                                       + k / 8 % 4 + 4 * (k / 4 % 2), 1) << 4);
  }
}
