// Trellis codes: each weight is computed from the 16 newest bits of its row's codes, by QTIP's three instructions.
// The bits wrap around within each `span` weights; two halves of the scrambled word are added as 16-bit floats.
scheme trellis_3inst(bits = 2, span = 256) {
  code  : u(bits);
  scale : f16 per row;
  value = scale * to_f16(f16((((window(code, 16, span) * 89226354 + 64248484) & 0x8fff8fff) ^ 0x3b603b60) & 0xffff)
                       + f16((((window(code, 16, span) * 89226354 + 64248484) & 0x8fff8fff) ^ 0x3b603b60) >> 16));
}
