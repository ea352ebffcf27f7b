// 4-bit codes for sixteen fixed levels that are denser near zero, with the largest magnitude of each group.
scheme int4_nonuniform(group = 128) {
  code  : u4;
  scale : f16 per group;
  table level : f32[16] = {
    -1.0, -0.8, -0.55, -0.35, -0.23, -0.11, -0.05, -0.02, 0.02, 0.05, 0.11, 0.23, 0.35, 0.55, 0.8, 1.0
  };
  value = scale * level[code];
}
