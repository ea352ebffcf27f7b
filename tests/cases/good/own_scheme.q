// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
// A scheme declared in the text is used under its name, also where a standard one has the same.
scheme q4_0 { code : i4; scale : f32 per 16; value = scale * code; }
model m {
  weights "w";
  input x : f32[64];
  output y = linear(x, "fc1");
}
quantize { "fc1" : q4_0; }
