scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g {
    tensor a : i32[K, N];
    tensor b : f16[N];
    code[n, k] = bits(4 * k, 4) + bits(a[k, n], 0, 4) + bits(a[*, *], 0, 4) + bits(a, 0, 4) + bits(b[*, n], 0, 4);
    scale[n, g] = b[*];
  }
}
