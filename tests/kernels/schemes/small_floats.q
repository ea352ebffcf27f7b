// Two small floats per weight.
scheme small_floats {
  code  : f4e2m1;
  other : f6e3m2;
  scale : f8e5m2 per 16;
  value = scale * (code + other);
}
