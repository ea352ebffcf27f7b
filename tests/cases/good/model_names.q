// Full names of tensors, a tensor without ".weight", one layer used twice.
// tensor blk.0.up.weight 16 8
// tensor bare 8 16
// tensor bare.bias 8
model m {
  weights "a.gguf";
  weights "b.gguf";
  input x : f32[8];
  h = linear(x, "blk.0.up.weight");
  g = linear(x, "blk.0.up");
  output y : f32[8] = linear(h + g, "bare");
}
quantize { "blk.?.up" : q8_0; "bare" : int8_row; }
