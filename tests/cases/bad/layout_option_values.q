scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g(block = 0, bytes = 99999999, type = -1) {
    scale = bits(0, 16);
    code[i] = bits(16 + 4 * i, 4);
  }
}
