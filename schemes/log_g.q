// Powers of two of either sign, and zero, with a scale for each group (logarithmic).
// The highest bit of a code is the sign; 0 below it is zero, 1 the scale itself, each further code `root` halvings of the
// exponent less: root = 2 has steps of the square root of two.
scheme log_g(bits = 4, group = 128, root = 1) {
  const half = 1 << (bits - 1);
  code  : u(bits);
  scale : f16 per group;
  value = scale * ((code & (half - 1)) == 0 ? 0 : (code < half ? 1 : -1) * exp2((1.0 - (code & (half - 1))) / root));
}
