// The number of outputs where no size is just N: from one that only one number of rows gives.
// tensor a.q 512 1
// tensor a.d 32
// tensor b.q 6 64
// tensor b.d 24
scheme flat {
  code : u4;
  scale : f32 per 32;
  value = scale * (code - 8);
  layout files {
    tensor q : u8[N * K / 2, 1];
    tensor d : f32[N * (K / 32)];
    code[n, k] = bits(q[*, 0], 4 * (n * K + k), 4);
    scale[n, g] = d[n * (K / 32) + g];
  }
}
scheme quarters {
  code : u2;
  scale : f32 per row;
  value = scale * (code - 1);
  layout files {
    tensor q : u8[(N + 3) / 4, K];
    tensor d : f32[2 * N - 24];
    code[n, k] = bits(q[n / 4, *], 8 * k + 2 * (n % 4), 2);
    scale[n] = d[n];
  }
}
model m {
  weights "w";
  input x : f32[64];
  output y = linear(x, "a", bias = none);
  output z = linear(x, "b", bias = none);
}
quantize {
  "a" : flat, layout = files;
  "b" : quarters, layout = files;
}
