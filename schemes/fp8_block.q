// FP8 (E4M3) with a scale for each tile of 128 rows and 128 columns.
// Files: DeepSeek-V3 calls the scales `weight_scale_inv`, and multiplies by them all the same. Scales that are powers of two
// may be stored as such (E8M0).
scheme fp8_block(rows = 128, columns = 128) {
  w     : f8e4m3;
  scale : f32 per [rows, columns];
  value = scale * w;

  layout weight_scale_inv {
    tensor weight           : f8e4m3[N, K];
    tensor weight_scale_inv : f16|bf16|f32|e8m0[(N + rows - 1) / rows, (K + columns - 1) / columns];
    w[n, k]     = weight[n, k];
    scale[r, g] = weight_scale_inv[r, g];
  }

  layout compressed_tensors {
    tensor weight       : f8e4m3[N, K];
    tensor weight_scale : f16|bf16|f32|e8m0[(N + rows - 1) / rows, (K + columns - 1) / columns];
    w[n, k]     = weight[n, k];
    scale[r, g] = weight_scale[r, g];
  }
}
