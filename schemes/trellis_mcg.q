// Trellis codes: each weight is computed from the 16 newest bits of its row's codes, by one multiplication (EXL3's "mcg").
scheme trellis_mcg(bits = 2, span = 256) {
  code  : u(bits);
  scale : f16 per row;
  value = scale * to_f16(f16((((window(code, 16, span) * 0xcbac1fed) & 0x8fff8fff) ^ 0x3b603b60) & 0xffff)
                       + f16((((window(code, 16, span) * 0xcbac1fed) & 0x8fff8fff) ^ 0x3b603b60) >> 16));
}
