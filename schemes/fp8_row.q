// FP8 (E4M3) with a scale for each row.
// Files: checkpoints quantized to FP8 per channel (compressed-tensors, float-quantized).
scheme fp8_row {
  w     : f8e4m3;
  scale : f32 per row;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e4m3[N, K];
    tensor weight_scale : f32[N, 1];
    w[n, k]  = weight[n, k];
    scale[n] = weight_scale[n, 0];
  }
}
