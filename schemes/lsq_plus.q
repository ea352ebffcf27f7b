// Integers around zero times a learned step, plus a learned offset (LSQ+).
scheme lsq_plus(bits = 4) {
  code   : i(bits);
  step   : f32 per tensor;
  offset : f32 per tensor;
  value = step * code + offset;
}
