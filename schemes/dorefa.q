// Evenly spaced levels from -a to a (DoReFa with 1, 2 and more bits).
// The published 1-bit form has the mean magnitude as a.
scheme dorefa(bits = 2) {
  const top = (1 << bits) - 1;
  code : u(bits);
  a    : f32 per tensor;
  value = a / top * (2 * code - top);
}
