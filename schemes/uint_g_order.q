// Codes of 2, 3, 4 or 8 bits with a scale and a zero point for each group of columns that are chosen freely (act-order).
// Files: GPTQ with `g_idx`, the group of each column; columns are stored as they come, and taken in the order of their
// groups here. Its first version stores each zero point less one. A group of another size than `group` makes the order
// invalid, which is an error.
scheme uint_g_order(bits = 4, group = 128) {
  code  : u(bits);
  scale : f16 per group;
  zero  : u(bits) per group;
  order : u32 per column;
  value = scale * (code - zero);
  input = x[order];

  layout gptq {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16[(K + group - 1) / group, N];
    tensor g_idx   : i32[K];
    code[n, k]  = bits(qweight[*, n], bits * order(g_idx[*], k), bits);
    zero[n, g]  = bits(qzeros[g_idx[order(g_idx[*], g * group)], *], bits * n, bits) + 1;
    scale[n, g] = scales[g_idx[order(g_idx[*], g * group)], n];
    order[k]    = g_idx[order(g_idx[*], k)] == g_idx[order(g_idx[*], k - k % group)] ? order(g_idx[*], k) : -1;
  }

  layout gptq_v2 {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16[(K + group - 1) / group, N];
    tensor g_idx   : i32[K];
    code[n, k]  = bits(qweight[*, n], bits * order(g_idx[*], k), bits);
    zero[n, g]  = bits(qzeros[g_idx[order(g_idx[*], g * group)], *], bits * n, bits);
    scale[n, g] = scales[g_idx[order(g_idx[*], g * group)], n];
    order[k]    = g_idx[order(g_idx[*], k)] == g_idx[order(g_idx[*], k - k % group)] ? order(g_idx[*], k) : -1;
  }
}
