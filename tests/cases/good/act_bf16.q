// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
model m {
  weights "w";
  input x : f32[64];
  output y = linear(x, "fc1");
}
quantize { "fc1" : q8_0, act = bf16; }
