scheme s {
  code : i8;
  scale : f16 per 32;
  row : f32 per row;
  value = row * scale * code;
  layout files {
    tensor codes : i8|u8[N, K];
    tensor scales : bf16|f32[N, (K + 31) / 32];
    tensor rows : f16|u4|f33[N];
    tensor more : f16|f16|f16|f16|f16|f16|f16[N];
    code[n, k] = codes[n, k];
    scale[n, g] = scales[n, g];
    row[n] = rows[n];
  }
  layout twice {
    tensor codes : i8[N, K];
    tensor scales : bf16[N];
    code[n, k] = codes[n, k];
    scale[n, g] = scales[n];
    row[n] = scales[n] ;
  }
}
