scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g(block = 48, bytes = 26) {
    scale[i] = bits(0, 16);
    code[i] = bits(16 + 4 * i, 4);
  }
}
