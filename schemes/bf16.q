// The upper half of f32, 16 bits a weight.
// bfloat16: 8 bits of exponent, 7 of mantissa.
scheme bf16 {
  w : bf16;
  value = w;
}
