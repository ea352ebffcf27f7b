// Steps around the product: fields per column and per row, constants, signs that are computed.
scheme turned(block = 32) {
  code  : i4;
  scale : f16 per row;
  order : u16 per column;
  gain  : f32 per column;
  shift : u2 per tensor;
  table sign : i8[2] = { 1, -1 };
  value  = scale * code;
  input  = hadamard(gain * x[order] / 2 * sign[k * 2654435761 >> 7 & 1], block);
  output = hadamard(y)[n ^ 1] / (1 + shift);
}
model m {
  dim batch <= 4;
  input x : f32[batch, 96];
  output y = linear(x, "a", out = 64, bias = none);
}
quantize { "a" : turned, act = f32; }
