// tensor q.qweight 8 24
// tensor q.qzeros 1 3
// tensor q.scales 1 24
// tensor q.bias 24
model m {
  weights "m.safetensors";
  input x : f32[64];
  output y : f32[24] = linear(x, "q");
}
quantize { "q" : int4_g(group = 64), layout = gptq; }
