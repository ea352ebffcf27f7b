model m {
  weights "dir with space/\"x\".safetensors";
  input x : f32[8];
  output y = linear(x, "layer äöü \\ \"quoted\"", out = 4);
}
quantize { "*" : f32; }
