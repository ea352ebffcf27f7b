// tensor a.weight 8 256 blocks 903
// tensor b.weight 8 256 blocks 904
// tensor c.weight 8 130
// tensor d.weight 8 140
// tensor e.weight 8 256 blocks 905
scheme row_head {
  code : u4; scale : f32 per row; value = scale * (code - 8);
  layout one(type = 903) {
    tensor data : u8[N, 4 + K / 2] = ".weight";
    scale[n] = bits(data[n, *], 0, 32);
    code[n, k] = bits(data[n, *], 32 + 4 * k, 4);
  }
  layout two(type = 903) {
    tensor data : u8[N, 4 + K / 2] = ".weight";
    scale[n] = bits(data[n, *], 4 * K, 32);
    code[n, k] = bits(data[n, *], 4 * k, 4);
  }
  layout loose {
    tensor weight : u8[N, 4 + K / 2];
    scale[n] = bits(weight[n, *], 4 * K, 32);
    code[n, k] = bits(weight[n, *], 4 * k, 4);
  }
}
model m {
  weights "m.gguf";
  input x : f32[256];
  output a = linear(x, "a");
  output b = linear(x, "b");
  output c = linear(x, "c");
  output d = linear(x, "d");
  output e = linear(x, "e");
}
quantize {
  "c" : row_head, layout = one;
  "d" : q4_0, layout = gguf;
  "e" : row_head, layout = loose;
}
