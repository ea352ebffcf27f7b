scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g(block = 32, bytes = 18) {
    scale[i, j] = bits(0, 16);
    code = bits(16, 4);
  }
}
