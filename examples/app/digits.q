// The network of ../digits in 4 and 8 bits a weight.
model digits {
  weights "../digits/digits.safetensors";
  dim batch <= 512;

  input x : f32[batch, 64];
  h1 = relu(linear(x, "fc1"));
  h2 = relu(linear(h1, "fc2"));
  output y : f32[batch, 10] = softmax(linear(h2, "fc3"));
}

quantize {
  "fc1" : q4_0, act = i8 per 32;
  "*"   : q8_0, act = i8 per 32;
}
