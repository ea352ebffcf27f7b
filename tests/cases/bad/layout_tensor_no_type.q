scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g {
    tensor a : i42[K, N];
    tensor b : f32[N];
    code[n, k] = a[k, n];
    scale[n, g] = a[0, n];
  }
}
