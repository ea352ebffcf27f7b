// Sizes at the largest batch are counted in 64 bits.
model m {
  dim batch <= 2147483647;
  input x : f32[batch, 2147483647];
  output y = relu(x);
}
