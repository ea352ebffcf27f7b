// FP8 with 5 bits of exponent in the form of some accelerators, 8 bits a weight (E5M2 FNUZ).
// One zero, no infinities, NaN is the sign alone; exponents are one less than in the OCP's type.
scheme f8e5m2fnuz {
  w : f8e5m2fnuz;
  value = w;
}
