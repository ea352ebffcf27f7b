// Trellis codes: 4 weights from a 15-bit number and a bit for 32, scales for 32 and for the row (IQ4_KT of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq4_kt of ggml-common.h, QuantizerIQKT::set_values of iqk_quantize.cpp. A row begins
// with its scale. A weight is the sum of four 6-bit numbers of a product, less 126.
scheme iq4_kt {
  path : u15 per 4;
  high : u1  per 32;
  sc   : u7  per 32;
  d    : f32 per row;
  table power : u32[4] = { 3417055213, 3362996585, 3173729589, 3842800913 };
  value = d * (sc - 64) * ((((path + 4096 + 32768 * high) * power[k % 4] & 0x3f3f3f3f) * 0x01010101 >> 24 & 255) - 126);

  layout gguf(type = 155) {
    tensor data : u8[N, 4 + K / 256 * 128] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    high[n, g] = bits(data[n, *], 32 + 1024 * (g / 8) + 32 * (g % 8), 1);
    sc[n, g]   = bits(data[n, *], 32 + 1024 * (g / 8) + 32 * (g % 8) + 1, 7);
    path[n, q] = bits(data[n, *], 32 + 1024 * (q / 64) + 256 + 8 * (q % 64), 8)
               | (bits(data[n, *], 32 + 1024 * (q / 64) + 768 + 8 * (q % 32) + 4 * (q / 32 % 2), 4) << 8)
               | (bits(data[n, *], 32 + 1024 * (q / 64) + 32 * (q / 8 % 8) + 8 + 3 * (q % 8), 3) << 12);
  }
}
