// Five ternary digits share a byte: elements that are no plain unions of bits may overlap.
scheme s {
  code : u2;
  d : f16 per 40;
  value = d * (code - 1);
  layout blocks(block = 40, bytes = 10) {
    code[i] = (bits(8 * (i % 8), 8) * (i / 8 == 0 ? 1 : i / 8 == 1 ? 3 : i / 8 == 2 ? 9 : i / 8 == 3 ? 27 : 81) % 256) * 3 >> 8;
    d = bits(64, 16);
  }
}
