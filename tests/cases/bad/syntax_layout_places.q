scheme s { code : u4; value = code;
  layout g(block = 2, bytes = 1) { code[i] bits(4 * i, 4); tensor t f32[2]; code[3] = 1; }
}
