// Codes for learned levels, one table for each group of weights in a row (k-means).
scheme kmeans_g(bits = 3, group = 128) {
  code  : u(bits);
  level : f32[1 << bits] per group;
  value = level[code];

  layout squeezellm {
    tensor qweight      : i32[(K * bits + 31) / 32, N];
    tensor lookup_table : f16|bf16|f32[N, (K + group - 1) / group, 1 << bits];
    code[n, k] = bits(qweight[*, n], bits * k, bits);
    level[n, g, e] = lookup_table[n, g, e];
  }
}
