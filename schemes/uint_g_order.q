// uint_g with groups of columns that are chosen freely: the order in which columns were quantized (act-order, `desc_act`).
// Files: GPTQ of both versions with `g_idx`, the group of each column, and compressed-tensors with actorder = group; columns
// are stored as they come, and taken in the order of their groups here. Groups that are not all of `group` columns have no
// such order, which is an error: then g_idx is asked for its element -1.
scheme uint_g_order(bits = 4, group = 128, float = 16) {
  code  : u(bits);
  scale : f(float) per group;
  zero  : u(bits)  per group;
  order : u32      per column;
  value = scale * (code - zero);
  input = x[order];

  layout gptq {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16|bf16|f32[(K + group - 1) / group, N];
    tensor g_idx   : i32[K];
    code[n, k]  = bits(qweight[*, n], bits * order(g_idx[*], k), bits);
    zero[n, g]  = bits(qzeros[g_idx[order(g_idx[*], g * group)], *], bits * n, bits) + 1;
    scale[n, g] = scales[g_idx[order(g_idx[*], g * group)], n];
    order[k]    = order(g_idx[*], g_idx[order(g_idx[*], k)] == g_idx[order(g_idx[*], k - k % group)] ? k : -1);
  }

  layout gptq_v2 {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16|bf16|f32[(K + group - 1) / group, N];
    tensor g_idx   : i32[K];
    code[n, k]  = bits(qweight[*, n], bits * order(g_idx[*], k), bits);
    zero[n, g]  = bits(qzeros[g_idx[order(g_idx[*], g * group)], *], bits * n, bits);
    scale[n, g] = scales[g_idx[order(g_idx[*], g * group)], n];
    order[k]    = order(g_idx[*], g_idx[order(g_idx[*], k)] == g_idx[order(g_idx[*], k - k % group)] ? k : -1);
  }

  layout pack_quantized {
    tensor weight_packed     : i32[N, (K * bits + 31) / 32];
    tensor weight_scale      : f16|bf16|f32[N, (K + group - 1) / group];
    tensor weight_zero_point : i32[(N * bits + 31) / 32, (K + group - 1) / group];
    tensor weight_g_idx      : i32[K];
    code[n, k]  = bits(weight_packed[n, *], bits * order(weight_g_idx[*], k), bits);
    scale[n, g] = weight_scale[n, weight_g_idx[order(weight_g_idx[*], g * group)]];
    zero[n, g]  = bits(weight_zero_point[*, weight_g_idx[order(weight_g_idx[*], g * group)]], bits * n, bits);
    order[k]    = order(weight_g_idx[*], weight_g_idx[order(weight_g_idx[*], k)] == weight_g_idx[order(weight_g_idx[*], k - k % group)] ? k : -1);
  }

  layout matmul_nbits {
    tensor B           : u8[N, (K + group - 1) / group, (group * bits + 7) / 8] = "";
    tensor scales      : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    tensor zero_points : u8[N, ((K + group - 1) / group * bits + 7) / 8] = ".zero_point";
    tensor g_idx       : i32[K] = ".g_idx";
    code[n, k]  = bits(B[n, order(g_idx[*], k) / group, *], bits * (order(g_idx[*], k) % group), bits);
    scale[n, g] = scales[n, g_idx[order(g_idx[*], g * group)]];
    zero[n, g]  = bits(zero_points[n, *], bits * g_idx[order(g_idx[*], g * group)], bits);
    order[k]    = order(g_idx[*], g_idx[order(g_idx[*], k)] == g_idx[order(g_idx[*], k - k % group)] ? k : -1);
  }
}
