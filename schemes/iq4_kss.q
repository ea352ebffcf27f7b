// 4-bit codes for 16 uneven levels, which a bit moves up by 4 for 32 weights; 7-bit scales hidden in the codes' words, and a
// scale for the row (IQ4_KSS of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq4_kss of ggml-common.h and dequantize_row_iq4_kss of iqk_quantize.cpp. A row begins
// with its scale. The lowest bits of eight words of 16 are the scale; each word's codes are the exclusive or of its other
// bits with those above them.
scheme iq4_kss {
  code : u4;
  up   : u1  per 32;
  sc   : u7  per 32;
  d    : f32 per row;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  value = d * (2 * sc - 127) * (level[code] + 4 * up);

  layout gguf(type = 146) {
    tensor data : u8[N, 4 + K / 256 * 128] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    up[n, g]   = bits(data[n, *], 32 + 128 * g, 1);
    sc[n, g]   = bits(data[n, *], 48 + 128 * g, 1) | (bits(data[n, *], 64 + 128 * g, 1) << 1)
               | (bits(data[n, *], 80 + 128 * g, 1) << 2) | (bits(data[n, *], 96 + 128 * g, 1) << 3)
               | (bits(data[n, *], 112 + 128 * g, 1) << 4) | (bits(data[n, *], 128 + 128 * g, 1) << 5)
               | (bits(data[n, *], 144 + 128 * g, 1) << 6);
    code[n, k] = ((bits(data[n, *], 32 + 128 * (k / 32) + 16 * (k % 16 / 2), 16) & 0xfffe)
                  ^ (bits(data[n, *], 33 + 128 * (k / 32) + 16 * (k % 16 / 2), 15)))
               >> (8 * (k % 2) + 4 * (k / 16 % 2)) & 15;
  }
}
