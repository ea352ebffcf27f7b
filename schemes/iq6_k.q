// 6-bit codes for 64 uneven levels, which a bit moves up by 1 for 16 weights; 8-bit scales for 16 and a scale for 256 weights
// (IQ6_K of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq6_k of ggml-common.h, iq6nl_values. (Its decoder for other uses evaluates the
// polynomial of which these levels are the rounded values.)
scheme iq6_k {
  code : u6;
  up   : u1  per 16;
  sc   : i8  per 16;
  d    : f16 per 256;
  table level : i8[64] = {
    -127, -121, -115, -109, -104, -98, -93, -88, -84, -79, -74, -70, -66, -62, -58, -54,
    -51, -47, -44, -40, -37, -34, -31, -28, -25, -22, -19, -16, -13, -11, -8, -5,
    -2, 0, 3, 6, 9, 12, 14, 17, 20, 23, 27, 30, 33, 36, 40, 44,
    47, 51, 55, 59, 63, 68, 72, 77, 82, 87, 92, 98, 103, 109, 115, 121,
  };
  value = d * sc * (level[code] + up);

  layout gguf(block = 256, bytes = 212, type = 141) {
    d       = bits(0, 16);
    up[j]   = bits(16 + j, 1);
    sc[j]   = bits(32 + 8 * j, 8);
    code[i] = bits(160 + 256 * (i / 64) + 8 * (i % 32) + 4 * (i / 32 % 2), 4)
            | (bits(1184 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2) << 4);
  }
}
