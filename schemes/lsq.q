// Integers around zero times a learned step (LSQ).
// The step is one for the matrix; int_row has one for each row.
scheme lsq(bits = 4) {
  code : i(bits);
  step : f32 per tensor;
  value = step * code;
}
