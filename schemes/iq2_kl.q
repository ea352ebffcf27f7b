// Two weights at once: one of 32 points, a 6-bit scale for 32 weights, and a scale for the row (IQ2_KL of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq2_kl of ggml-common.h, iq2kl_values. A row begins with its scale.
scheme iq2_kl {
  point : u5  per 2;
  sc    : u6  per 32;
  d     : f16 per row;
  table grid : i8[32, 2] = {
    -63, -23, -63, 13, -40, -63, -40, -10, -40, 13, -40, 47, -23, -40, -23, -23, -23, 1, -23, 13, -23, 28, -10, -63, -10, 1, -10, 13, -10, 47, 1, -23,
    1, -10, 1, 1, 1, 13, 1, 28, 13, -40, 13, -23, 13, -10, 13, 1, 13, 13, 28, -63, 28, -23, 28, 1, 28, 28, 28, 47, 47, -23, 47, 13,
  };
  value = d * (sc - 32) * grid[point, k % 2];

  layout gguf(type = 157) {
    tensor data : u8[N, 2 + K / 256 * 86] = ".weight";
    d[n]        = bits(data[n, *], 0, 16);
    sc[n, g]    = bits(data[n, *], 16 + 688 * (g / 8) + 16 + 8 * (g % 4) + 4 * (g / 4 % 2), 4)
                | (bits(data[n, *], 16 + 688 * (g / 8) + 2 * (g % 8), 2) << 4);
    point[n, q] = bits(data[n, *], 16 + 688 * (q / 128) + 48 + 128 * (q / 32 % 4) + 8 * (q % 16) + 4 * (q / 16 % 2), 4)
                | (bits(data[n, *], 16 + 688 * (q / 128) + 560 + 8 * (q % 16) + q / 16 % 8, 1) << 4);
  }
}
