// 2-bit codes for four uneven levels, which a bit moves up by 5 for 32 weights; 5-bit scales, and a scale for the row (IQ2_KS
// of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq2_ks of ggml-common.h and dequantize_row_iq2_ks of iqk_quantize.cpp. A row begins
// with its scale.
scheme iq2_ks {
  code : u2;
  up   : u1  per 32;
  sc   : u5  per 32;
  d    : f16 per row;
  table level : i8[4] = { -31, -13, 1, 17 };
  value = d * (sc - 16) * (level[code] + 5 * up);

  layout gguf(type = 145) {
    tensor data : u8[N, 2 + K / 256 * 70] = ".weight";
    d[n]       = bits(data[n, *], 0, 16);
    up[n, g]   = bits(data[n, *], 16 + 560 * (g / 8) + g % 8, 1);
    sc[n, g]   = bits(data[n, *], 16 + 560 * (g / 8) + 16 + 4 * (g % 8), 4)
               | (bits(data[n, *], 16 + 560 * (g / 8) + 8 + g % 8, 1) << 4);
    code[n, k] = bits(data[n, *], 16 + 560 * (k / 256) + 48 + 256 * (k / 128 % 2) + 8 * (k % 32) + 2 * (k / 32 % 4), 2);
  }
}
