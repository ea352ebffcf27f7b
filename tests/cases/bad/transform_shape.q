scheme s(block = 64) { code : i4; value = code; input = hadamard(x, block); }
scheme t { code : i4; value = code; output = hadamard(y); }
model m {
  input x : f32[96];
  output y = linear(x, "a", out = 32);
  output z = linear(x, "b", out = 48);
}
quantize { "a" : s, act = f32; "b" : t, act = f32; }
