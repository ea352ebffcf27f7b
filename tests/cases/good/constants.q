// Every operator on constants, as a table.
const two = 2;
scheme numbers {
  code : u5;
  table t : f32[32] = {
    1 + 2, 1 - 2, 2 * 3, 7 / 2, -7 / 2, -7 % 3, 7.0 / 2, 1 << 4,
    256 >> two, -1 >> 1, 6 & 3, 6 | 3, 6 ^ 3, ~5, -(-3), 1 < 2,
    2 < 1, 1 == 1, 1 != 1, 2 >= 2, 2 > 2, 1 <= 2, 1 ? 10 : 20, 0 ? 10 : 20,
    min(3, 4), max(3, 4), abs(-3), exp2(-2), select(0, 1, 2.5), 0x1F, 1e3, .5
  };
  value = t[code];
}
