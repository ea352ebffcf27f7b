// Tables chosen by coarser fields: one that differs by an addend, one by a factor, two that have nothing in common, and a
// coarser field within the index.
scheme chosen_levels {
  code  : u3;
  flag  : u1 per 16;
  kind  : u2 per 32;
  scale : f16 per 64;
  table moved : f32[2, 8] = { -31, -20, -11, -3, 4, 12, 23, 37, -27, -16, -7, 1, 8, 16, 27, 41 };
  table wide  : f32[2, 8] = { -3, -2, -1, 0, 1, 2, 3, 5, -4.5, -3, -1.5, 0, 1.5, 3, 4.5, 7.5 };
  table other : f32[4, 8] = { 0, 1, 2, 4, 8, 16, 32, 64, -4, -3, -2, -1, 0, 1, 2, 3,
                              1, 3, 5, 9, 17, 33, 65, 129, 5, 5, 5, 5, 5, 5, 5, 5 };
  value = scale * (moved[flag, code] + wide[flag, code] * 0.25 + other[kind, code] + max(code, 2 * kind));
}
