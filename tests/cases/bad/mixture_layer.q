// tensor a.weight 16 64
// tensor b.weight 16 48
// tensor c.weight 16 32
scheme plain { code : u4; value = code; }
scheme gap { columns 0 .. 16 : plain; columns 24 .. K : plain; }
scheme short { columns 0 .. 16 : plain; columns 16 .. K - 8 : plain; }
scheme nested { rows 0 .. 8 : plain; rows 8 .. N : beyond; }
scheme beyond { columns 0 .. 48 : plain; columns 48 .. K : plain; }
model m {
  weights "w.safetensors";
  input x : f32[64]; input y : f32[48]; input z : f32[32];
  output u = linear(x, "a"); output v = linear(y, "b"); output w = linear(z, "c");
}
quantize { "a" : gap; "b" : short; "c" : nested; }
