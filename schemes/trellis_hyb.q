// Trellis codes of two weights at a time, QTIP's HYB: a table of pairs is read by the 16 newest bits of their row's codes.
// Of the scrambled word 9 bits choose the pair, and one the sign of its first number. The bits wrap around within each `span`.
scheme trellis_hyb(bits = 2, span = 256) {
  code  : u(bits);
  tlut  : f16[512, 2] per tensor;
  scale : f16 per row;
  value = scale * tlut[((window(code, 16, span, 2) + 1) * window(code, 16, span, 2)) >> 6 & 511, k % 2]
          * (1 - 2 * ((((window(code, 16, span, 2) + 1) * window(code, 16, span, 2)) >> 15 & 1) * (1 - k % 2)));
}
