scheme s { code : u4; value = code;
  layout g(block = 2, byte = 1) { code[i] = bits(4 * i, 4); }
}
