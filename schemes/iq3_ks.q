// 3-bit codes for eight uneven levels, which a bit moves up by 4 for 32 weights; 5-bit scales, and a scale for the row (IQ3_KS
// of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq3_ks of ggml-common.h and dequantize_row_iq3_ks of iqk_quantize.cpp. A row begins
// with its scale.
scheme iq3_ks {
  code : u3;
  up   : u1  per 32;
  sc   : u5  per 32;
  d    : f16 per row;
  table level : i8[8] = { -63, -40, -23, -10, 1, 13, 28, 47 };
  value = d * (sc - 16) * (level[code] + 4 * up);

  layout gguf(type = 156) {
    tensor data : u8[N, 2 + K / 256 * 102] = ".weight";
    d[n]       = bits(data[n, *], 0, 16);
    up[n, g]   = bits(data[n, *], 16 + 816 * (g / 8) + 8 + g % 8, 1);
    sc[n, g]   = bits(data[n, *], 16 + 816 * (g / 8) + 16 + 8 * (g % 4) + 4 * (g / 4 % 2), 4)
               | (bits(data[n, *], 16 + 816 * (g / 8) + g % 8, 1) << 4);
    code[n, k] = bits(data[n, *], 16 + 816 * (k / 256) + 48 + 256 * (k / 128 % 2) + 8 * (k % 32) + 2 * (k / 32 % 4), 2)
               | (bits(data[n, *], 16 + 816 * (k / 256) + 560 + 8 * (k % 32) + k / 32 % 8, 1) << 2);
  }
}
