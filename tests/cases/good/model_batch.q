// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
const H = 128;
model m {
  const bound = 4 * 64;
  dim tokens <= bound;
  weights "w.safetensors";
  input x : f32[tokens, 64];
  h = silu(linear(x, "fc1", out = H));
  output y : f32[tokens, 10] = linear(h, "fc2");
  output hidden : f32[tokens, H] = h;
}
