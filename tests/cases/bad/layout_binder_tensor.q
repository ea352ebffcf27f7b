scheme s {
  code : u4; scale : f16 per tensor; value = scale * code;
  layout g {
    tensor a : i32[K, N];
    code[n, k] = a[k, n];
    scale[x] = a[0, 0];
  }
}
