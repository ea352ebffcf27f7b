// Two rules that no layer uses: one matches none, of the other an earlier one has all.
// tensor up.weight 24 64
model m {
  weights "w.safetensors";
  input x : f32[64];
  output y = linear(x, "up");
}
quantize {
  "fc*" : q4_0;
  "u*"  : q8_0;
  "up"  : q4_0;
}
