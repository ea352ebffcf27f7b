scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g {
    tensor a : i32;
    tensor b : i32[k, N];
    tensor c : i32[1, 2, 3, 4, 5];
    tensor d : i32[N / 2.0];
    code[n, k] = 0;
    scale[n, g] = 0;
  }
}
