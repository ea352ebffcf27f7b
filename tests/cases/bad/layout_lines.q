scheme s {
  code : u4;
  value = code + order(code, 1);
  layout g(block = 32, bytes = 16) {
    code[i] = bits(4 * rank(i, 1), 4);
  }
  layout t {
    tensor a : i32[K];
    tensor b : i32[N, K];
    tensor c : f16[K];
    code[n, k] = order(a[k], k) + order(a, k) + find(b[n, *], 0, k) + rank(a[*], 0.5) + order(c[*], k) + order(b[*], k)
               + order(b[*, *], n) + order(nothing[*], n);
  }
}
