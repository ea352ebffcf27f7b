// Trellis codes: 8 weights from a 16-bit number, scales for 32 and for the row (IQ2_KT of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq2_kt of ggml-common.h, QuantizerIQKT::set_values of iqk_quantize.cpp. A row begins
// with its scale. A weight is the sum of four 6-bit numbers of a product, less 126.
scheme iq2_kt {
  path : u16 per 8;
  sc   : u4  per 32;
  d    : f32 per row;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  table power : u32[8] = { 3417055213, 3362996585, 3173729589, 3842800913, 304142269, 2491653369, 1478916485, 1622252321 };
  value = d * level[sc] * ((((path + 4096) * power[k % 8] & 0x3f3f3f3f) * 0x01010101 >> 24 & 255) - 126);

  layout gguf(type = 153) {
    tensor data : u8[N, 4 + K / 256 * 68] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    sc[n, g]   = bits(data[n, *], 32 + 544 * (g / 8) + 8 * (g % 4) + 4 * (g / 4 % 2), 4);
    path[n, q] = bits(data[n, *], 32 + 544 * (q / 32) + 32 + 16 * (q % 32), 16);
  }
}
