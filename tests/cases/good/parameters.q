// Parameters in widths, granularities, tables, layouts and values; a constant made of them.
scheme p(group = 32, bits = 4) {
  const levels = 1 << bits;
  code  : u(bits);
  scale : f16 per group;
  value = scale * (code - levels / 2);
  layout blocks(block = group, bytes = 2 + group * bits / 8) {
    scale   = bits(0, 16);
    code[i] = bits(16 + bits * i, bits);
  }
}
