// A file that says itself in which format it has a tensor.
// tensor a.weight 8 256 in int4_g(group=64)
// tensor b.weight 8 256 in q4_0
model m {
  weights "w.safetensors";
  input x : f32[256];
  output y = linear(x, "a") + linear(x, "b");
}
quantize { "b" : q4_0, act = f32; }
