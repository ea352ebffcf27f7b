scheme s {
  code : u4; scale : f16 per 32; value = scale * code;
  layout g {
    tensor words : i32[K, N];
    code[n, k] = word[k, n];
    scale[n, g] = words[n];
  }
}
