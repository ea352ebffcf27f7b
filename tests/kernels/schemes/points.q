// Points of a format's own table, in two turns along the row, with a scale and an offset that change within it.
scheme points {
  code   : u3 per 4;
  scale  : f16 per 16;
  offset : f16 per 16;
  factor : f32 per row;
  table point : f32[2, 8, 4] = { -0.26, 0.51, -0.23, -0.32, -0.93, -0.21, 1.11, 0.42, 1.04, 0.25, 0.39, 0.19, -1.67, 0.86, 0.51, 0.5,
    -1.69, -1.74, -0.89, -0.47, 0.31, -0.05, 0.52, -0.64, 0.31, 0.39, -0.66, 1.72, 0.56, 1.2, -0.62, -0.74,
    -0.34, -0.11, 0.63, 0.25, -0.45, -0.96, -0.52, 1.22, -0.81, 0.24, 0.43, -1.49, 0.05, 1.31, -2.01, -0.32,
    -0.11, -0.82, 0.5, -0.06, -1.46, 0.83, 0.67, 0.95, 1.44, 0.36, 0.12, -1.3, 0.62, -0.61, -0.45, -1.26 };
  value = (scale * point[k / 4 % 2, code, k % 4] + offset) * factor;
}
