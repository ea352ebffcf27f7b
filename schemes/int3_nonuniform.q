// 3-bit codes for eight fixed levels that are denser near zero, with the largest magnitude of each group.
scheme int3_nonuniform(group = 128) {
  code  : u3;
  scale : f16 per group;
  table level : f32[8] = { -1.0, -0.72, -0.45, -0.23, 0.0, 0.23, 0.45, 0.72 };
  value = scale * level[code];
}
