// tensor a.weight 8 256 blocks 901
// tensor b.weight 8 256 blocks 902
// tensor c.weight 8 132
// tensor d.weight 4 264
// tensor e.weight 8 144
// Bytes of numbered types: by their number, and as a rule says where the file has no numbers.
scheme row_head {
  code : u4; scale : f32 per row; value = scale * (code - 8);
  layout plain(type = 901) {
    tensor data : u8[N, 4 + K / 2] = ".weight";
    scale[n] = bits(data[n, *], 0, 32);
    code[n, k] = bits(data[n, *], 32 + 4 * k, 4);
  }
  layout pairs(type = 902) {
    tensor data : u8[N / 2, 2 * (4 + K / 2)] = ".weight";
    scale[n] = bits(data[n / 2, *], 32 * (n % 2), 32);
    code[n, k] = bits(data[n / 2, *], 64 + 64 * (k / 8) + 32 * (n % 2) + 4 * (k % 8), 4);
  }
}
model m {
  weights "m.gguf";
  input x : f32[256];
  output a = linear(x, "a");
  output b = linear(x, "b");
  output c = linear(x, "c");
  output d = linear(x, "d", out = 8);
  output e = linear(x, "e");
}
quantize {
  "c" : row_head, layout = plain;
  "d" : row_head, layout = pairs;
  "e" : q4_0, layout = gguf;
}
