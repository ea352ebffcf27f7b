// -1, 0 and 1 with a scale for 256 weights, five digits of base 3 in a byte (GGUF TQ1_0).
// Defined in ggml: struct block_tq1_0 of ggml-common.h. A byte is a fraction: 256 times the digits read as 0.abcde in
// base 3, rounded up. Multiplied by 3 to the power n, modulo 256, it begins with digit n. 32 bytes of five digits, 16
// of five, 4 of four.
scheme tq1_0 {
  code : u2;
  d    : f16 per 256;
  value = d * (min(code, 2) - 1);

  layout gguf(block = 256, bytes = 54, type = 34) {
    code[i] = i < 160 ? bits(8 * (i % 32), 8)
                        * (i < 32 ? 1 : i < 64 ? 3 : i < 96 ? 9 : i < 128 ? 27 : 81) % 256 * 3 >> 8
            : i < 240 ? bits(256 + 8 * (i % 16), 8)
                        * (i < 176 ? 1 : i < 192 ? 3 : i < 208 ? 9 : i < 224 ? 27 : 81) % 256 * 3 >> 8
            : bits(384 + 8 * (i % 4), 8)
                        * (i < 244 ? 1 : i < 248 ? 3 : i < 252 ? 9 : 27) % 256 * 3 >> 8;
    d       = bits(416, 16);
  }
}
