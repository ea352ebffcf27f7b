// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
// Without `act`: integer codes get i8 per 32, float weights f32.
model m {
  weights "w";
  input x : f32[64];
  output y = linear(linear(x, "fc1"), "fc2");
}
quantize { "fc1" : int8_row; "fc2" : f16; }
