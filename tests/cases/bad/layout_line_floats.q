scheme s {
  code : u4;
  value = code;
  layout t {
    tensor c : f16[K];
    code[n, k] = order(c[*], k);
  }
  layout u {
    tensor c : f32[K];
    code[n, k] = find(c[*], 0, 1, k);
  }
}
