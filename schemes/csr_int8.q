// Unstructured sparsity: bytes with a scale for each row; only the larger weights are listed, row by row.
scheme csr_int8(percent = 20) {
  code  : i8 sparse percent / 100.0;
  scale : f16 per row;
  value = scale * code;

  // Compressed rows; coordinates; a bit for each weight and the numbers of those that are set.
  layout csr {
    tensor crow_indices : i32|i64[N + 1];
    tensor col_indices  : i32|i64[*];
    tensor values       : i8[*];
    tensor scales       : f16|f32[N];
    code[i]        = values[i];
    code.column[i] = col_indices[i];
    code.first[n]  = crow_indices[n];
    scale[n] = scales[n];
  }
  layout coo {
    tensor indices : i32|i64[2, *];
    tensor values  : i8[*];
    tensor scales  : f16|f32[N];
    code[i]        = values[i];
    code.row[i]    = indices[0, i];
    code.column[i] = indices[1, i];
    scale[n] = scales[n];
  }
  layout bitmap {
    tensor mask   : u8[N, (K + 7) / 8];
    tensor starts : i32[N];
    tensor values : i8[*];
    tensor scales : f16|f32[N];
    code[n, k] = bits(mask[n, *], k, 1) == 1 ? values[starts[n] + rank(mask[n, *], k)] : 0;
    scale[n] = scales[n];
  }
}
