// Numbers of a table are rounded to its type.
scheme s {
  code : u1;
  table a : bf16[2] = { 0.1, 3.14159265 };
  table b : f64[2] = { 0.1, 1e300 };
  value = a[code] + b[code];
}
