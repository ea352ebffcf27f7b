// -1, 0, 1 (and 2) in 2 bits with a scale for the row (IQ2_BN of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq2_bn of ggml-common.h and dequantize_row_iq2_bn of iqk_quantize.cpp. A row begins
// with its scale; iq2_bn_r4 interleaves four rows by 4 columns.
scheme iq2_bn {
  code : u2;
  d    : f32 per row;
  value = d * (code - 1);

  layout gguf(type = 135) {
    tensor data : u8[N, 4 + K / 64 * 16] = ".weight";
    d[n]       = bits(data[n, *], 0, 32);
    code[n, k] = bits(data[n, *], 32 + 128 * (k / 64) + 8 * (k % 16) + 2 * (k / 16 % 4), 2);
  }

  layout gguf_r4(type = 335) {
    tensor data : u8[N / 4, 16 + K / 64 * 64] = ".weight";
    d[n]       = bits(data[n / 4, *], 32 * (n % 4), 32);
    code[n, k] = bits(data[n / 4, *], 128 + 512 * (k / 64) + 128 * (k / 16 % 4) + 32 * (n % 4) + 8 * (k % 4) + 2 * (k / 4 % 4), 2);
  }
}
