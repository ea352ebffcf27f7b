// Trellis codes: 8 weights from a 13-bit number, scales for 32 and for the row (IQ1_KT of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq1_kt of ggml-common.h, QuantizerIQKT::set_values of iqk_quantize.cpp. A row begins
// with its scale. A weight is the sum of four 6-bit numbers of a product, less 126.
scheme iq1_kt {
  path : u13 per 8;
  sc   : u4  per 32;
  d    : f32 per row;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  table power : u32[8] = { 3417055213, 3362996585, 3173729589, 3842800913, 304142269, 2491653369, 1478916485, 1622252321 };
  value = d * level[sc] * ((((path + 4096) * power[k % 8] & 0x3f3f3f3f) * 0x01010101 >> 24 & 255) - 126);

  layout gguf(type = 158) {
    tensor data : u8[N, 4 + K / 256 * 56] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    sc[n, g]   = bits(data[n, *], 32 + 448 * (g / 8) + 8 * (g % 8), 4);
    path[n, q] = bits(data[n, *], 32 + 448 * (q / 32) + 64 + 8 * (q % 32), 8)
               | (bits(data[n, *], 32 + 448 * (q / 32) + 320 + 8 * (q % 16) + 4 * (q / 16 % 2), 4) << 8)
               | (bits(data[n, *], 32 + 448 * (q / 32) + 8 * (q / 4 % 8) + 4 + q % 4, 1) << 12);
  }
}
