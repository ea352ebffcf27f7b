// Codes for learned levels, one table for the matrix (k-means).
// With bits = 2 also the four levels -a, -b, c, d of non-uniform 2-bit weights.
scheme kmeans_tensor(bits = 4) {
  code  : u(bits);
  level : f32[1 << bits] per tensor;
  value = level[code];

  layout squeezellm {
    tensor qweight      : i32[(K * bits + 31) / 32, N];
    tensor lookup_table : f16|bf16|f32[1 << bits];
    code[n, k] = bits(qweight[*, n], bits * k, bits);
    level[e] = lookup_table[e];
  }
}
