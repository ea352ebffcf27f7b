// FP8 with 4 bits of exponent in the form of some accelerators, 8 bits a weight (E4M3 FNUZ).
// One zero, no infinities, NaN is the sign alone; exponents are one less than in the OCP's type.
scheme f8e4m3fnuz {
  w : f8e4m3fnuz;
  value = w;
}
