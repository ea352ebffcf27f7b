scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g {
    tensor a : u4[N, K];
    tensor b : f16[N];
    code[n, k] = a[n, k];
    scale[n, g] = b[n];
  }
}
