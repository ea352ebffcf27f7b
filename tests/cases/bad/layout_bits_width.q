scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g(block = 32, bytes = 18) {
    scale = bits(0, 80);
    code[i] = bits(16 + 4 * i, -1);
  }
}
