// A codebook of one's own: eight levels, 3 bits a weight, a scale for each group.
// The levels are finer near zero, where most weights are. Multiples of 0.01, so that a kernel can look up integers.
scheme codebook3(group = 32) {
  code  : u3;
  scale : f16 per group;
  table level : f32[8] = { -1.0, -0.58, -0.3, -0.1, 0.08, 0.27, 0.53, 0.9 };
  value = scale * level[code];
}
