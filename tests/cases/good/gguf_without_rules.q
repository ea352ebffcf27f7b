// Layers that no rule speaks of keep the format of the file.
// tensor a.weight 8 256 blocks 12
// tensor b.weight 8 256 blocks 77
// tensor c.weight 8 256
scheme own { code : i8; scale : f32 per 4; value = scale * code;
  layout mine(block = 4, bytes = 8, type = 77) { scale = bits(0, 32); code[i] = bits(32 + 8 * i, 8); }
}
model m {
  weights "w.gguf";
  input x : f32[256];
  output y = linear(x, "a") + linear(x, "b") + linear(x, "c");
}
