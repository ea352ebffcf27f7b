// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
const g = 64;
model m {
  weights "w";
  input x : f32[64];
  a = linear(x, "fc1", bias = none);
  output y = linear(a, "fc2");
  b = linear(a, "fc2");
  output z = b;
}
quantize { "fc1" : q4_0, act = i8 per g; "fc2" : nf4, act = i8 static(scale = 1 / 16.0, zero = -3); }
