network m {
  weights base : "m.safetensors";
  dim 0 <= past < 16 step 4;
  state h : f32[64];
  entry run(x : f32[64]) { return y = x; }
  input x : f32[64];
  input id : i32[64] < 8;
  a, b = f(x);
  c[i] = x[i];
  if 1 { c = x; }
  output y = x;
}
quantize {
  linear "*" : q8_0;
  for i < 2 { "fc{i}" : q8_0; }
}
