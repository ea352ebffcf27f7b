scheme s {
  code : u4;
  e : i8 per 32;
  value = exp2(e) * min(abs(code - 8), max(code, 3)) + select(code < 8, 1.5, -code);
}
