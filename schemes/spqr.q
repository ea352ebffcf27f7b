// SpQR: 3 bits in groups of 16, whose scales and zero points have 3 bits themselves, scaled for 16 rows at once; outliers apart.
scheme spqr(group = 16, block = 16, per_mille = 10) {
  code : u3;
  ws   : u3  per group;
  wz   : u3  per group;
  wss  : f16 per [block, group];
  wsz  : f16 per [block, group];
  wzs  : f16 per [block, group];
  wzz  : f16 per [block, group];
  outlier : f16 sparse per_mille / 1000.0;
  value = wss * (ws - wsz) * (code - wzs * (wz - wzz)) + outlier;

  layout files {
    tensor quantized_weights : u8[N, (K * 3 + 7) / 8];
    tensor weight_scales     : u8[N, (K + group - 1) / group];
    tensor weight_zeros      : u8[N, (K + group - 1) / group];
    tensor scales_scale      : f16[(N + block - 1) / block, (K + group - 1) / group];
    tensor scales_zero       : f16[(N + block - 1) / block, (K + group - 1) / group];
    tensor zeros_scale       : f16[(N + block - 1) / block, (K + group - 1) / group];
    tensor zeros_zero        : f16[(N + block - 1) / block, (K + group - 1) / group];
    tensor row_offsets       : i32[N + 1];
    tensor col_ids           : i16|i32[*];
    tensor values            : f16[*];
    code[n, k] = bits(quantized_weights[n, *], 3 * k, 3);
    ws[n, g]  = weight_scales[n, g];
    wz[n, g]  = weight_zeros[n, g];
    wss[b, g] = scales_scale[b, g];
    wsz[b, g] = scales_zero[b, g];
    wzs[b, g] = zeros_scale[b, g];
    wzz[b, g] = zeros_zero[b, g];
    outlier[i]        = values[i];
    outlier.column[i] = col_ids[i];
    outlier.first[n]  = row_offsets[n];
  }
}
