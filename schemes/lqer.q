// LQER: integers by group, and a product of two thin matrices that makes up for most of their error.
scheme lqer(group = 128, rank = 32) {
  code  : u4;
  scale : f16 per group;
  zero  : u4  per group;
  left  : f16[rank] per row;
  right : f16[rank] per column;
  value = scale * (code - zero) + sum(r < rank, left[r] * right[r]);

  layout files {
    tensor qweight : u8[N, (K + 1) / 2];
    tensor scales  : f16[N, (K + group - 1) / group];
    tensor zeros   : u8[N, (K + group - 1) / group];
    tensor a       : f16|bf16|f32[K, rank] = ".lqer_a";
    tensor b       : f16|bf16|f32[rank, N] = ".lqer_b";
    code[n, k]  = bits(qweight[n, *], 4 * k, 4);
    scale[n, g] = scales[n, g];
    zero[n, g]  = zeros[n, g];
    right[k, r] = a[k, r];
    left[n, r]  = b[r, n];
  }
}
