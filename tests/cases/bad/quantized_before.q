// tensor a.weight 8 256 in int4_g(group=64)
// tensor b.weight 8 256 in lost(group=64)
// tensor c.weight 8 256 in damaged(
model m {
  weights "w.safetensors";
  input x : f32[256];
  output y = linear(x, "a") + linear(x, "b") + linear(x, "c");
}
quantize { "a" : int4_g(group = 128); }
