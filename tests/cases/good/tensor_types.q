// Stored tensors of one type or another: floats are widened to the field, integers to the widest.
scheme s {
  code : i8;
  scale : f32 per 32;
  row : f32 per row;
  zero : i8 per 32;
  value = row * scale * (code - zero);
  layout files {
    tensor codes : i8[N, K];
    tensor scales : f16|bf16|f32[N, (K + 31) / 32] = ".scale";
    tensor rows : f16[N];
    tensor zeros : i8|i32|i64[N, (K + 31) / 32];
    code[n, k] = codes[n, k];
    scale[n, g] = scales[n, g];
    row[n] = rows[n];
    zero[n, g] = zeros[n, g];
  }
}
