// FP8 with 4 bits of exponent, 8 bits a weight.
// OCP 8-bit floating point specification, E4M3: no infinities, NaN is all ones after the sign.
scheme f8e4m3 {
  w : f8e4m3;
  value = w;
}
