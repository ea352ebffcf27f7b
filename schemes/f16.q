// Half precision, 16 bits a weight.
// IEEE 754 half precision: 5 bits of exponent, 10 of mantissa.
scheme f16 {
  w : f16;
  value = w;
}
