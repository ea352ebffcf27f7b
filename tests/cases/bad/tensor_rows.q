// tensor b.q 6 64
// tensor c.q 511 1
scheme quarters {
  code : u2;
  value = code - 1;
  layout files {
    tensor q : u8[(N + 3) / 4, K];
    code[n, k] = bits(q[n / 4, *], 8 * k + 2 * (n % 4), 2);
  }
  layout flat {
    tensor q : u8[N * K / 4, 1];
    code[n, k] = bits(q[*, 0], 2 * (n * K + k), 2);
  }
}
model m {
  weights "w";
  input x : f32[64];
  output y = linear(x, "b", bias = none);
  output z = linear(x, "c", bias = none);
}
quantize {
  "b" : quarters, layout = files;
  "c" : quarters, layout = flat;
}
