// Scales of every granularity, and the weight's position.
scheme tiles {
  code : u3;
  a    : f8e4m3 per [5, 48];
  b    : e8m0 per column;
  c    : bf16 per [3, *];
  d    : f16 per [*, 32];
  value = a * b * c * d * (code - 3.5) * (k % 48 / 3 + 1);
}
