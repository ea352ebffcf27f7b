// Signed bytes with a scale for each row (output channel).
// The usual symmetric 8-bit quantization of weights.
scheme int8_row {
  code  : i8;
  scale : f32 per row;
  value = scale * code;
}
