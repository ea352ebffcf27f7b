// A signed integer table, a table of two dimensions, a trailing comma, and one looked up by an expression.
scheme s {
  code : u4;
  table a : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  table b : f32[4][4] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, };
  table c : f16[2] = { 0.1, -65504 };
  value = a[code] * b[code / 4][code % 4] + c[code & 1];
}
