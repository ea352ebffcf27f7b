// A table inside of a block, and a field with several elements.
scheme s {
  code : u2;
  level : f16[4] per 32;
  shift : i4 per 8;
  value = level[code] * exp2(shift);
  layout blocks(block = 32, bytes = 18, type = 200) {
    level[e] = bits(16 * e, 16);
    shift[j] = bits(64 + 4 * j, 4);
    code[i]  = bits(80 + 2 * i, 2);
  }
  layout indexed(block = 32, bytes = 18) {
    level[i, e] = bits(16 * e, 16);
    shift[j] = bits(64 + 4 * j, 4);
    code[i]  = bits(80 + 2 * i, 2);
  }
}
