// int_g with groups of columns that are chosen freely: the order in which columns were quantized (actorder = group).
// Files: compressed-tensors `pack-quantized` without zero points, with the group of each column in weight_g_idx; as
// uint_g_order.
scheme int_g_order(bits = 4, group = 128, float = 16) {
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : f(float) per group;
  order : u32      per column;
  value = scale * (code - middle);
  input = x[order];

  layout pack_quantized {
    tensor weight_packed : i32[N, (K * bits + 31) / 32];
    tensor weight_scale  : f16|bf16|f32[N, (K + group - 1) / group];
    tensor weight_g_idx  : i32[K];
    code[n, k]  = bits(weight_packed[n, *], bits * order(weight_g_idx[*], k), bits);
    scale[n, g] = weight_scale[n, weight_g_idx[order(weight_g_idx[*], g * group)]];
    order[k]    = order(weight_g_idx[*], weight_g_idx[order(weight_g_idx[*], k)] == weight_g_idx[order(weight_g_idx[*], k - k % group)] ? k : -1);
  }

  layout matmul_nbits {
    tensor B      : u8[N, (K + group - 1) / group, (group * bits + 7) / 8] = "";
    tensor scales : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    tensor g_idx  : i32[K] = ".g_idx";
    code[n, k]  = bits(B[n, order(g_idx[*], k) / group, *], bits * (order(g_idx[*], k) % group), bits);
    scale[n, g] = scales[n, g_idx[order(g_idx[*], g * group)]];
    order[k]    = order(g_idx[*], g_idx[order(g_idx[*], k)] == g_idx[order(g_idx[*], k - k % group)] ? k : -1);
  }
}
