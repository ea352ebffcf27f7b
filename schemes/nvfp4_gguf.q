// FP4 (E2M1) with an FP8 scale for 16 weights, as GGUF files have it (GGUF NVFP4).
// Defined in ggml: struct block_nvfp4 of ggml-common.h. The scale is an E4M3 of which the sign is not looked at; 127,
// that would be NaN, is zero. The levels are twice those of E2M1, and zero has no sign.
scheme nvfp4_gguf {
  code  : u4;
  scale : u8 per 16;
  table level : i8[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };
  value = (scale == 127 ? 0
           : (scale & 127) < 8 ? exp2(-10) * (scale & 7)
           : exp2((scale >> 3 & 15) - 11) * (8 + (scale & 7))) * level[code];

  layout gguf(block = 64, bytes = 36, type = 40, file_type = 39) {
    scale[j] = bits(8 * j, 8);
    code[i]  = bits(32 + 64 * (i / 16) + 8 * (i % 8) + 4 * (i / 8 % 2), 4);
  }
}
