// The layout of the file's blocks is found by their type.
// tensor up.weight 16 256 blocks 12
// tensor down.weight 256 32 blocks 2
model m {
  weights "m.gguf";
  input x : f32[256];
  output a = linear(x, "up");
  b = reshape(x, [8, 32]);
  output c = linear(b, "down");
}
quantize { "up" : q4_K; "down" : q4_0, layout = gguf; }
