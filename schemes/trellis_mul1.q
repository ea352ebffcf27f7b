// Trellis codes: each weight is computed from the 16 newest bits of its row's codes, by the sum of a product's bytes (EXL3's
// "mul1"): 1024 more, times the 16-bit float 1eee, plus the 16-bit float c931, rounded once.
scheme trellis_mul1(bits = 2, span = 256) {
  const multiplier = 0x83dcd12d;
  code  : u(bits);
  scale : f16 per row;
  value = scale * to_f16(f16(0xc931) + f16(0x1eee) * (1024
      + (window(code, 16, span) * multiplier & 255) + ((window(code, 16, span) * multiplier & 0xff00) >> 8)
      + ((window(code, 16, span) * multiplier & 0xff0000) >> 16) + ((window(code, 16, span) * multiplier & 0xff000000) >> 24)));
}
