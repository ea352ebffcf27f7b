// Trellis codes: 8 weights' amounts from a 16-bit number, a sign each, scales for 32 and for the row (IQ3_KT of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq3_kt of ggml-common.h, QuantizerIQKT::set_values of iqk_quantize.cpp. A row begins
// with its scale. A weight is the sum of four 6-bit numbers of a product, less 126; it is at most 252 before.
scheme iq3_kt {
  path : u16 per 8;
  neg  : u1;
  sc   : u4  per 32;
  d    : f32 per row;
  table power : u32[8] = { 3417055213, 3362996585, 3173729589, 3842800913, 304142269, 2491653369, 1478916485, 1622252321 };
  value = d * sc * (1 - 2 * neg) * abs(min((((path + 4096) * power[k % 8] & 0x3f3f3f3f) * 0x01010101 >> 24 & 255), 252) - 126);

  layout gguf(type = 154) {
    tensor data : u8[N, 4 + K / 256 * 100] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    sc[n, g]   = bits(data[n, *], 32 + 800 * (g / 8) + 8 * (g % 4) + 4 * (g / 4 % 2), 4);
    path[n, q] = bits(data[n, *], 32 + 800 * (q / 32) + 32 + 16 * (q % 32), 16);
    neg[n, k]  = bits(data[n, *], 32 + 800 * (k / 256) + 544 + 8 * (k % 32) + k / 32 % 8, 1);
  }
}
