scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g {
    tensor a : i32[K, N];
    tensor b : f16[N];
    code[n, n] = a[n, n];
    scale[n] = b[n];
  }
}
