scheme s { code : u4; value = code;
  layout g(block = 2, bytes = 1) { cod[i] = bits(4 * i, 4); }
}
