model m {
  dim batch <= 8;
  input x : f32[batch, 4, 8];
  input r : f32[8];
  input s : f32[4, 8];
  a = x + r; b = r + x; c = x - s; d1 = s - x; e = x * r; f = x / s;
  g = -x; h = x + 1; i = 1 + x; j = x - 1; k = 1 - x; l = 2 * x; m1 = x / 4; n = x * 0.5;
  output y = relu(a + b) + gelu(c + d1) + silu(e + f) + tanh(g + h) + sigmoid(i + j) + softmax(k + l) + (m1 + n);
}
