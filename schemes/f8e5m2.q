// FP8 with 5 bits of exponent, 8 bits a weight.
// OCP 8-bit floating point specification, E5M2: infinities and NaN as IEEE 754 has them.
scheme f8e5m2 {
  w : f8e5m2;
  value = w;
}
