// -b, 0 or a, with two learned magnitudes for the matrix (trained ternary, TTQ).
// Code 0 is -b, 1 is zero, 2 and 3 are a.
scheme ttq {
  code     : u2;
  positive : f32 per tensor;
  negative : f32 per tensor;
  value = code == 0 ? -negative : code == 1 ? 0.0 : positive;
}
