// Weights as they are, 32 bits each.
// IEEE 754 single precision.
scheme f32 {
  w : f32;
  value = w;
}
