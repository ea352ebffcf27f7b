// -1, 0 and 1 with a scale for 256 weights, five digits of base 3 in a byte (GGUF TQ1_0).
// Defined in ggml: struct block_tq1_0 of ggml-common.h. A byte is a fraction: 256 times the digits read as 0.abcde in
// base 3, rounded up. Multiplied by 3 to the power n, modulo 256, it begins with digit n. 32 bytes of five digits, 16
// of five, 4 of four.
scheme tq1_0 {
  code : u2;
  d    : f16 per 256;
  table power : u8[5] = { 1, 3, 9, 27, 81 };
  value = d * (min(code, 2) - 1);

  layout gguf(block = 256, bytes = 54, type = 34, file_type = 36) {
    code[i] = i < 160 ? bits(8 * (i % 32), 8)       * power[i / 32 % 5]        % 256 * 3 >> 8
            : i < 240 ? bits(256 + 8 * (i % 16), 8) * power[(i / 16 - 10) % 5] % 256 * 3 >> 8
            :           bits(384 + 8 * (i % 4), 8)  * power[(i / 4 - 60) % 5]  % 256 * 3 >> 8;
    d       = bits(416, 16);
  }
}
