// -1, 0 and 1 with a scale for each group.
// The fourth code of the two bits is a second 1, so that no weight can be 2.
scheme ternary_g(group = 256) {
  code  : u2;
  scale : f16 per group;
  value = scale * (min(code, 2) - 1);
}
