// Größe, 重み, 🙂 in comments and strings.
model m {
  weights "gewichte/größe.safetensors";
  input x : f32[8];
  output y = linear(x, "層.0", out = 4);
}
