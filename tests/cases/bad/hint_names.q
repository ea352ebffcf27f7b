model a {
  weights "w.safetensors";
  input x : f32[64];
  y = linear(x, "up");
  output z = conv2d(y, "up");
  output q = linear(x, "up", rank = 4);
}
quantize {
  "a" : Q4_K_M;
  "b" : fp8;
  "c" : gptq;
  "d" : int8;
}
