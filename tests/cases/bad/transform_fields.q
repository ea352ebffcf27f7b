scheme s {
  code : i4;
  scale : f16 per 32;
  gain : f16 per column;
  row : f16 per row;
  value = scale * code;
  input = x * scale * row;
  output = y[gain] * row;
}
scheme t { code : i4; gain : f16 per row; value = code; output = hadamard(y * gain, 48)[gain]; }
model m { input x : f32[32]; output y = x; }
quantize { "a" : s; "b" : t; }
