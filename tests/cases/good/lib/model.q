include "shared.q";
model m {
  weights "w.safetensors";
  input x : f32[64];
  output y : f32[16] = linear(x, "fc", out = 16);
}
