scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g(block = 32) {
    scale = bits(0, 16);
    code[i] = bits(16 + 4 * i, 4);
  }
}
scheme t {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g(type = 3) {
    scale = bits(0, 16);
  }
}
