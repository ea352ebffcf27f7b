// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
model digits {
  weights "digits.safetensors";
  input x : f32[64];
  h = relu(linear(x, "fc1"));
  output y : f32[10] = softmax(linear(h, "fc2"));
}
quantize {
  "fc1" : q4_0;
  "*" : q8_0, act = f32;
}
