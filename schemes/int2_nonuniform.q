// 2-bit codes for the levels -1, -0.33, 0.33 and 1 with a scale for each group.
scheme int2_nonuniform(group = 16) {
  code  : u2;
  scale : f16 per group;
  table level : f32[4] = { -1.0, -0.33, 0.33, 1.0 };
  value = scale * level[code];
}
