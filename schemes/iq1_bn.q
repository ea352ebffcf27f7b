// -1, 0 and 1 with a scale for the row, five digits of base 3 in a byte (IQ1_BN of ik_llama.cpp).
// Defined in ik_llama.cpp: struct block_iq1_bn of ggml-common.h and dequantize_row_iq1_bn of iqk_quantize.cpp. A row begins
// with its scale. Of 16 weights 15 lie in three bytes; a thirteenth byte has the last ones of 64. Bytes are read as tq1_0's.
scheme iq1_bn {
  code : u2;
  d    : f16 per row;
  table power : u8[5] = { 81, 27, 9, 3, 1 };
  value = d * (min(code, 2) - 1);

  layout gguf(type = 134) {
    tensor data : u8[N, 2 + K / 64 * 13] = ".weight";
    d[n]       = bits(data[n, *], 0, 16);
    code[n, k] = k % 16 == 15 ? bits(data[n, *], 112 + 104 * (k / 64), 8) * power[k / 16 % 4] % 256 * 3 >> 8
               : bits(data[n, *], 16 + 104 * (k / 64) + 24 * (k / 16 % 4) + 8 * (k % 16 / 5), 8) * power[k % 16 % 5] % 256 * 3 >> 8;
  }
}
