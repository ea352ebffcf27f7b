// uint_g with columns in an order of their own: that in which they were quantized (act-order, `desc_act`).
// Files have the group of each column in g_idx. Here columns are sorted by group, and the input is taken in that order, so
// that a group is one run of columns. Files: GPTQ of both versions, compressed-tensors with actorder = group.
scheme uint_g_ordered(bits = 4, group = 128, float = 16) {
  code   : u(bits);
  scale  : f(float) per group;
  zero   : u(bits)  per group;
  column : u32      per column;
  value = scale * (code - zero);
  input = x[column];

  layout gptq {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16|bf16|f32[(K + group - 1) / group, N];
    tensor g_idx   : i32[K];
    code[n, k]  = bits(qweight[*, n], bits * order(g_idx[*], k), bits);
    zero[n, g]  = bits(qzeros[g, *], bits * n, bits) + 1;
    scale[n, g] = scales[g, n];
    column[k]   = order(g_idx[*], g_idx[order(g_idx[*], k)] == k / group ? k : -1); // only groups of full length fit
  }

  layout gptq_v2 {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16|bf16|f32[(K + group - 1) / group, N];
    tensor g_idx   : i32[K];
    code[n, k]  = bits(qweight[*, n], bits * order(g_idx[*], k), bits);
    zero[n, g]  = bits(qzeros[g, *], bits * n, bits);
    scale[n, g] = scales[g, n];
    column[k]   = order(g_idx[*], g_idx[order(g_idx[*], k)] == k / group ? k : -1); // only groups of full length fit
  }

  layout pack_quantized {
    tensor weight_packed     : i32[N, (K * bits + 31) / 32];
    tensor weight_scale      : f16|bf16|f32[N, (K + group - 1) / group];
    tensor weight_zero_point : i32[(N * bits + 31) / 32, (K + group - 1) / group];
    tensor weight_g_idx      : i32[K];
    code[n, k]  = bits(weight_packed[n, *], bits * order(weight_g_idx[*], k), bits);
    scale[n, g] = weight_scale[n, g];
    zero[n, g]  = bits(weight_zero_point[*, g], bits * n, bits);
    column[k]   = order(weight_g_idx[*], weight_g_idx[order(weight_g_idx[*], k)] == k / group ? k : -1);
  }
}
