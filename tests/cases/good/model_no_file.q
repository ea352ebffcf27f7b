// Nothing is known of the weights: the numbers of outputs are given, and biases only where they are asked for.
model m {
  input x : f32[3, 64];
  h = linear(x, "fc1", out = 5, bias = required);
  output y : f32[3, 7] = linear(h, "fc2", out = 7, bias = none);
}
