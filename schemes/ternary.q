// -1, 0 and 1 with a scale for each row (ternary, BitNet b1.58).
// The fourth code of the two bits is a second 1, so that no weight can be 2.
scheme ternary {
  code  : u2;
  scale : f16 per row;
  value = scale * (min(code, 2) - 1);
}
