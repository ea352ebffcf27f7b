// -1, 0, 1 and 2 in two bits, with a scale for 256 weights (GGUF TQ2_0).
// Defined in ggml: struct block_tq2_0 of ggml-common.h. Ternary weights use three of the four codes.
scheme tq2_0 {
  code : u2;
  d    : f16 per 256;
  value = d * (code - 1);

  layout gguf(block = 256, bytes = 66, type = 35, file_type = 37) {
    code[i] = bits(256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2);
    d       = bits(512, 16);
  }
}
