scheme s {
  code : i4;
  scale : f16 per 32;
  gain : f16 per column;
  value = scale * code;
  input = x + gain;
  input = x * gain;
  output = hadamard(y, 48);
}
scheme t { code : i4; value = code; input = x * x; output = -y; }
scheme u { code : i4; x : f16 per column; value = code; input = x * x; }
scheme v { code : i4; value = code; input = fourier(x); output = y[n, n]; }
scheme w { code : i4; value = code; input = hadamard(x, 1); output = y * k; }
model m { input x : f32[32]; output y = x; }
quantize { "a" : s; "b" : t; "c" : u; "d" : v; "e" : w; "f" : z; }
scheme z { code : i4; value = code; input = x * 2; input = x; }
