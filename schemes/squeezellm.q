// SqueezeLLM: 4 bits for each weight choose one of 16 levels of its row; sensitive and large weights are kept apart, in f16.
scheme squeezellm(per_mille = 5) {
  code  : u4;
  level : f16[16] per row;
  outlier : f16 sparse per_mille / 1000.0;
  value = level[code] + outlier;

  // The files of the method's authors: codes in words along the columns, a table for each output, and the sparse part in
  // compressed rows.
  layout dense_and_sparse {
    tensor qweight      : i32[K / 8, N];
    tensor lookup_table : f16[N, 16];
    tensor rows         : i32[N + 1];
    tensor cols         : i32[*];
    tensor vals         : f16[*];
    code[n, k]     = bits(qweight[*, n], 4 * k, 4);
    level[n, e]    = lookup_table[n, e];
    outlier[i]        = vals[i];
    outlier.column[i] = cols[i];
    outlier.first[n]  = rows[n];
  }
}
